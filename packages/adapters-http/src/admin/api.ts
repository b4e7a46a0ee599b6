import type { Answer, Api, Call, Route } from '../route.js';
import { appRoutes } from './apps.js';
import { callbackRuleRoutes } from './callbackRules.js';
import { deliveryRoutes } from './deliveries.js';
import type { AdminDeps } from './deps.js';
import { problem, refuse } from './errors.js';
import { messageEventRoutes } from './messageEvents.js';
import { rateLimitRoutes } from './rateLimits.js';
import { readModelRoutes } from './readModels.js';
import { recallPolicyRoutes } from './recallPolicy.js';
import { redeliveryRoutes } from './redeliveries.js';

/** The management API: JSON in snake_case, times in milliseconds, one shape of errors. */
export function adminApi(deps: AdminDeps): Api {
  const routes = [
    ...appRoutes(deps),
    ...recallPolicyRoutes(deps),
    ...callbackRuleRoutes(deps),
    ...deliveryRoutes(deps),
    ...redeliveryRoutes(deps),
    ...messageEventRoutes(deps),
    ...rateLimitRoutes(deps),
    ...readModelRoutes(deps),
  ];
  return {
    name: 'admin',
    prefix: '/admin/',
    // Answers may hold a secret that is shown once.
    headers: { 'cache-control': 'no-store' },
    routes: routes.map(knownQueryOnly),
    refuse,
  };
}

/** A misspelt filter must not answer more than was asked for: unknown parameters are refused. */
function knownQueryOnly(route: Route): Route {
  const known = Object.keys(route.query ?? {});
  function handle(call: Call): Answer | Promise<Answer> {
    if (Object.keys(call.query).every((name) => known.includes(name))) return route.handle(call);
    const takes = known.length === 0 ? 'none' : known.join(', ');
    return problem('invalid_request', `Remove the unknown query parameter: this call takes ${takes}.`);
  }
  return { ...route, handle };
}

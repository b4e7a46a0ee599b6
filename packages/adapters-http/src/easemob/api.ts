import type { HttpDeps } from '../deps.js';
import { rateLimitField } from '../rateLimitFields.js';
import type { Api, Route, RouteLimit } from '../route.js';
import { blocklistRoutes } from './blocklists.js';
import { chatAdminRoutes } from './chatAdmins.js';
import { chatfileRoutes } from './chatfiles.js';
import { chatMemberRoutes } from './chatMembers.js';
import { chatMuteRoutes } from './chatMutes.js';
import { chatRoutes } from './chats.js';
import { chatVisitRoutes } from './chatVisits.js';
import { conversationRoutes } from './conversations.js';
import { deleteConversationRoutes } from './deleteConversation.js';
import { deleteRoamingRoutes } from './deleteRoaming.js';
import { disabledGroupRoutes } from './disabledGroups.js';
import { eventRoutes } from './events/routes.js';
import { globalMuteRoutes } from './globalMutes.js';
import { recallRoutes } from './recall.js';
import { createReplies } from './replies.js';
import { roamingRoutes } from './roaming.js';
import { sendRoutes } from './send.js';
import { tokenRoutes } from './tokens.js';
import { userChangeRoutes } from './userChanges.js';
import { userDeviceRoutes } from './userDevices.js';
import { userRoutes } from './users.js';

const corsHeaders = { 'access-control-allow-origin': '*' };

/** What the web SDKs ask a browser to send (msync), and what an EventSource resumes with. */
const callerHeaders = [
  'accept',
  'authorization',
  'content-type',
  'last-event-id',
  'restrict-access',
  'share-secret',
  'thumbnail',
  'thumbnail-height',
  'thumbnail-width',
  'x-requested-with',
];

const preflight = {
  'access-control-allow-methods': 'GET, POST, PUT, DELETE',
  'access-control-allow-headers': callerHeaders.join(', '),
  'access-control-max-age': '86400',
};

/** The Easemob REST contract. It answers for every path that nobody else claims. */
export function easemobApi(deps: HttpDeps): Api {
  const replies = createReplies(deps);
  const resources = [
    tokenRoutes,
    userRoutes,
    userChangeRoutes,
    userDeviceRoutes,
    chatRoutes,
    chatMemberRoutes,
    chatAdminRoutes,
    chatVisitRoutes,
    chatMuteRoutes,
    disabledGroupRoutes,
    blocklistRoutes,
    globalMuteRoutes,
    sendRoutes,
    recallRoutes,
    deleteConversationRoutes,
    deleteRoamingRoutes,
    conversationRoutes,
    roamingRoutes,
    chatfileRoutes,
    eventRoutes,
  ];
  return {
    name: 'easemob',
    prefix: '/',
    headers: corsHeaders,
    preflight,
    routes: resources.flatMap((routesOf) => routesOf(deps, replies)).map(limited),
    refuse: replies.failed,
  };
}

/** Whatever else a call is, it is a request. */
function limited(route: Route): Route {
  const limits: readonly RouteLimit[] = [{ name: 'requestsPerSecond' }, ...(route.limits ?? [])];
  const fields = limits.map(({ name }) => rateLimitField(name)).join(', ');
  const answer = { description: `A rate limit of the app is reached, one of ${fields}` };
  return { ...route, limits, answers: { ...route.answers, 429: answer } };
}

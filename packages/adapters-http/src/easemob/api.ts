import type { HttpDeps } from '../deps.js';
import type { Api } from '../route.js';
import { failures } from './errors.js';

const corsHeaders = { 'access-control-allow-origin': '*' };

/** What the web SDKs ask a browser to send. */
const preflight = {
  ...corsHeaders,
  'access-control-allow-methods': 'GET, POST, PUT, DELETE',
  'access-control-allow-headers':
    'authorization, content-type, restrict-access, share-secret, thumbnail, thumbnail-height, thumbnail-width, x-requested-with',
  'access-control-max-age': '86400',
};

/** The Easemob REST contract. It answers for every path that nobody else claims. */
export function easemobApi(_deps: HttpDeps): Api {
  return {
    name: 'easemob',
    prefix: '/',
    headers: corsHeaders,
    preflight,
    routes: [],
    refuse: failures,
  };
}

/** `/{org}/{app}/token` as Fastify writes it. */
export function urlOf(path: string): string {
  return path.replace(/\{(\w+)\}/g, ':$1');
}

/** The path of a request target as sent: without the query, and without an absolute one's origin. */
export function pathOf(target: string): string {
  const path = target.startsWith('/') ? target : target.replace(/^https?:\/\/[^/?#]*/i, '');
  const query = path.indexOf('?');
  return query < 0 ? path : path.slice(0, query);
}

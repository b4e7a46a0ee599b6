/** `/{org}/{app}/token` as Fastify writes it. */
export function urlOf(path: string): string {
  return path.replace(/\{(\w+)\}/g, ':$1');
}

/** Where the broker is, and how to log in. Has secrets: never log it. */
export interface NatsAddress {
  /** `host:port`, in the given order; at least one. */
  readonly servers: readonly string[];
  /** Whether the connection must be encrypted, and the server's certificate checked. */
  readonly tls: boolean;
  readonly login:
    { readonly user: string; readonly password: string } | { readonly token: string } | undefined;
}

const form = /^(nats|tls):\/\/(?:([^@/?#,]*)@)?([^@/?#,]+)\/?$/;
const hostForm = /^([A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?$/;
const defaultPort = 4222;

interface Server {
  readonly scheme: string;
  readonly userInfo: string | undefined;
  readonly host: string;
}

/**
 * `nats://` or `tls://`, then `user:password@`, `token@` or nothing, then `host:port`; more of the like
 * after commas, which may leave out the scheme and the login but not say another. What is special in a
 * URL is percent-encoded in a login. Undefined for a text that is none.
 */
export function parseNatsUrl(text: string): NatsAddress | undefined {
  const [first, ...others] = text.split(',').map((part) => part.trim());
  const head = serverOf(first ?? '', undefined);
  const rest = others.map((part) => serverOf(part, head));
  if (head === undefined || rest.includes(undefined)) return undefined;
  const login = loginOf(head.userInfo);
  if (login === 'wrong') return undefined;
  const servers = [head, ...rest].flatMap((server) => (server === undefined ? [] : [server.host]));
  return { servers, tls: head.scheme === 'tls', login };
}

/** One server of the list; `head` is the first one, which the others must not contradict. */
function serverOf(text: string, head: Server | undefined): Server | undefined {
  const [, scheme = '', userInfo, hostPort = ''] =
    form.exec(text.includes('://') || head === undefined ? text : `${head.scheme}://${text}`) ?? [];
  const [, host, port = String(defaultPort)] = hostForm.exec(hostPort) ?? [];
  if (host === undefined || Number(port) < 1 || Number(port) > 65_535) return undefined;
  if (head !== undefined && scheme !== head.scheme) return undefined;
  if (head !== undefined && userInfo !== undefined && userInfo !== head.userInfo) return undefined;
  return { scheme, userInfo, host: `${host}:${port}` };
}

function loginOf(userInfo: string | undefined): NatsAddress['login'] | 'wrong' {
  if (userInfo === undefined) return undefined;
  try {
    const [user = '', password, ...more] = userInfo.split(':').map(decodeURIComponent);
    if (user === '' || more.length > 0) return 'wrong';
    return password === undefined ? { token: user } : { user, password };
  } catch {
    return 'wrong';
  }
}

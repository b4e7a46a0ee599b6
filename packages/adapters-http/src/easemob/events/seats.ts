import type { AppNo, UserId } from '@recalld/domain';

/** Streams and long polls of one user. */
const userMax = 16;

/** Bounds how many streams and long polls of a node there are at a time. */
export interface StreamSeats {
  /** Answers the function that gives the seat back, any number of times; or whose bound is reached. */
  take(app: AppNo, user: UserId): (() => void) | 'userFull' | 'nodeFull';
  taken(): number;
}

/** `nodeMax`: of all users together. */
export function createStreamSeats(nodeMax: number): StreamSeats {
  const byUser = new Map<string, number>();
  let all = 0;

  function count(key: string, change: 1 | -1): void {
    all += change;
    const now = (byUser.get(key) ?? 0) + change;
    if (now === 0) byUser.delete(key);
    else byUser.set(key, now);
  }

  return {
    take(app, user) {
      const key = `${app}/${user}`;
      if ((byUser.get(key) ?? 0) >= userMax) return 'userFull';
      if (all >= nodeMax) return 'nodeFull';
      count(key, 1);
      let seated = true;
      return () => {
        if (seated) count(key, -1);
        seated = false;
      };
    },
    taken: () => all,
  };
}

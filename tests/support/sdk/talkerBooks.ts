import type { SdkObject } from './bundle.js';
import type { Acknowledged, Chat, Talker } from './talker.js';

/** A user's view of a chat as the server keeps it, oldest first. */
export async function wholeHistory(
  { client }: Talker,
  { id, chatType }: Chat,
): Promise<readonly SdkObject[]> {
  const pages: SdkObject[][] = [];
  let cursor: unknown = -1;
  for (;;) {
    const asked = { targetId: id, chatType, pageSize: 50, cursor };
    const page = await client.call('getHistoryMessages', asked);
    // Each page is newest first, and so are the pages.
    pages.push([...(page['messages'] as readonly SdkObject[])].reverse());
    if (page['isLast'] === true) return pages.reverse().flat();
    cursor = page['cursor'];
  }
}

/** Ids of the messages of a chat that an app was shown, in the order in which it was. */
export function shownIn({ client, shown }: Talker, { id }: Chat): readonly string[] {
  return shown.filter((each) => chatOf(each, client.user) === id).map((each) => each['id'] as string);
}

/** What a device has yet to show, and to be told of: nothing when its books are complete. */
export function missing(
  talker: Talker,
  chats: readonly Chat[],
  all: readonly Acknowledged[],
): { readonly messages: readonly string[]; readonly recalls: readonly string[] } {
  const ofOthers = all.filter((said) => said.by !== talker && concerns(talker, chats, said));
  const shown = new Set(talker.shown.map((each) => each['id']));
  const recalls = new Set(talker.recalls.map((each) => each['mid']));
  return {
    messages: ofOthers
      .filter(({ msgId, isRecalled }) => !isRecalled && !shown.has(msgId))
      .map(({ msgId }) => msgId),
    recalls: ofOthers
      .filter(({ msgId, isRecalled }) => isRecalled && !recalls.has(msgId))
      .map(({ msgId }) => msgId),
  };
}

/** Whether what somebody said somewhere is this device's concern. */
function concerns({ client }: Talker, chats: readonly Chat[], { chat, from }: Acknowledged): boolean {
  if (chat.chatType === 'groupChat') return chats.some(({ id }) => id === chat.id);
  return chat.id === client.user || from === client.user;
}

function chatOf({ chatType, from, to }: SdkObject, user: string): string {
  return (chatType === 'groupChat' || from === user ? to : from) as string;
}

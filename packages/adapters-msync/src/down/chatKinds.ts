import { parseTimeline } from '@recalld/domain';
import type { AppNo, Chats, TimelineId } from '@recalld/domain';

/** Whether an id is a group's or a room's: queues name both in the same way, and no id is ever both. */
export interface ChatKinds {
  isRoom(app: AppNo, id: string): Promise<boolean>;
  /** Remembers what a timeline's name says. */
  learn(app: AppNo, timeline: TimelineId): void;
}

export function createChatKinds(chats: Pick<Chats, 'find'>, rememberedMax: number): ChatKinds {
  const rooms = new Map<string, boolean>();

  function remember(app: AppNo, id: string, isRoom: boolean): void {
    if (rooms.size >= rememberedMax) rooms.clear();
    rooms.set(`${app}/${id}`, isRoom);
  }

  return {
    async isRoom(app, id) {
      const known = rooms.get(`${app}/${id}`);
      if (known !== undefined) return known;
      const [chat] = await chats.find(app, [
        { kind: 'groupchat', id },
        { kind: 'chatroom', id },
      ]);
      if (chat === undefined) return false;
      const isRoom = chat.key.kind === 'chatroom';
      remember(app, id, isRoom);
      return isRoom;
    },
    learn(app, timeline) {
      if (!timeline.startsWith('group/') && !timeline.startsWith('room/')) return;
      const parsed = parseTimeline(timeline);
      if (parsed.kind !== 'pair') remember(app, parsed.id, parsed.kind === 'room');
    },
  };
}

import { capitalised } from './words.mjs';

const template = document.querySelector('#message');
const clock = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', hour12: false });
/** How far a message has come: it never goes back. */
const steps = ['Sending…', 'Sent', 'Delivered', 'Read'];

/**
 * The messages of one pane, as bubbles in the order of their times.
 *
 * @param {{ list: HTMLElement, user: string, onRecall: (id: string) => void }} options
 */
export function createBubbles({ list, user, onRecall }) {
  /** @type {Map<string, { item: HTMLElement, message: import('./chat.mjs').Message }>} */
  const shown = new Map();

  function insert(item, time) {
    const after = [...list.children].findLast((other) => Number(other.dataset.time) <= time);
    if (after === undefined) list.prepend(item);
    else after.after(item);
  }

  const showEnd = () => list.scrollTo({ top: list.scrollHeight });

  /** Answers whether it was not there before. */
  function show(message, step = 'Sent') {
    if (shown.has(message.id)) return false;
    const isOwn = message.from === user;
    const item = template.content.cloneNode(true).firstElementChild;
    item.classList.toggle('own', isOwn);
    item.dataset.time = message.time;
    item.querySelector('.bubble').append(contentOf(message, showEnd));
    item.querySelector('time').textContent = clock.format(message.time);
    const recall = item.querySelector('.recall');
    if (isOwn) {
      recall.setAttribute('aria-label', `Recall: ${message.text ?? 'picture'}`);
      recall.addEventListener('click', () => onRecall(item.dataset.id));
    } else {
      recall.remove();
    }
    shown.set(message.id, { item, message });
    item.dataset.id = message.id;
    if (isOwn) advance(item, step);
    insert(item, message.time);
    showEnd();
    return true;
  }

  function advance(item, step) {
    const progress = item.querySelector('.progress');
    if (progress === null || steps.indexOf(step) < steps.indexOf(progress.textContent)) return;
    progress.textContent = step;
    item.classList.toggle('sending', step === 'Sending…');
  }

  function remove(id) {
    shown.get(id)?.item.remove();
    shown.delete(id);
  }

  return {
    show,
    remove,
    /** The server has the message that was shown under another id until now. */
    sent(localId, id) {
      const own = shown.get(localId);
      if (own === undefined) return;
      shown.delete(localId);
      shown.set(id, own);
      own.item.dataset.id = id;
      advance(own.item, 'Sent');
    },
    advance(id, step) {
      const own = shown.get(id);
      if (own?.message.from === user) advance(own.item, step);
    },
    advanceAll(step) {
      for (const { item, message } of shown.values()) {
        if (message.from === user && !item.classList.contains('sending')) advance(item, step);
      }
    },
    /** Leaves a line where the message was. */
    recall(id, by) {
      const found = shown.get(id);
      if (found === undefined || found.item.classList.contains('recalled')) return;
      const who = by === user ? 'You' : capitalised(by);
      found.item.className = 'recalled';
      found.item.textContent = `${who} took back a message`;
    },
    /** Removes what is not younger than a time. */
    clear(time) {
      for (const item of [...list.children]) {
        if (Number(item.dataset.time) > time) continue;
        shown.delete(item.dataset.id);
        item.remove();
      }
    },
  };
}

function contentOf({ text, picture, from }, onSize) {
  if (picture === undefined) return document.createTextNode(text);
  const image = new Image();
  image.alt = `Picture from ${capitalised(from)}: ${picture.name}`;
  image.addEventListener('load', onSize);
  image.addEventListener('error', () => image.replaceWith('The picture is not there any more.'));
  image.src = picture.url;
  return image;
}

import { createBubbles } from './bubbles.mjs';
import { openChat } from './chat.mjs';
import { capitalised, inWords } from './words.mjs';

const template = document.querySelector('#pane');

/**
 * One device of one user, as a part of the page.
 *
 * @param {{ user: string, peer: string, device: string }} options
 * @returns {{ element: HTMLElement, close(): void }}
 */
export function openPane({ user, peer, device }) {
  const element = template.content.cloneNode(true).firstElementChild;
  const find = (selector) => element.querySelector(selector);
  const [name, peerName] = [capitalised(user), capitalised(peer)];
  const [form, field, file] = [find('form'), find('[name=text]'), find('[type=file]')];
  const [notice, unreadBadge, dialog] = [find('.notice'), find('.unread'), find('dialog')];
  const bubbles = createBubbles({ list: find('.messages'), user, onRecall: recall });
  let chat;
  let isOnline = false;
  let isClosed = false;
  let unread = 0;
  let sends = 0;

  function label() {
    element.id = `${user}-${device}`;
    element.setAttribute('aria-label', `${name}’s ${device}`);
    element.dataset.user = user;
    find('.avatar').textContent = name.charAt(0);
    find('h2').textContent = name;
    find('.messages').setAttribute('aria-label', `Messages between ${name} and ${peerName}`);
    find('.hint').textContent = `No messages here. Say hello to ${peerName}!`;
    find('.text span').textContent = `Message from ${name} to ${peerName}`;
    field.placeholder = `Message to ${peerName}`;
    find('dialog p').textContent = `Delete this conversation for ${name}? ${peerName} keeps it.`;
    find('dialog .danger').textContent = `Delete for ${name}`;
    showState('connecting');
  }

  function showState(state) {
    isOnline = state === 'online';
    element.dataset.state = state;
    find('.state').textContent = `${device}, ${state}`;
  }

  function say(sentence, { mayConnect = false } = {}) {
    notice.hidden = sentence === '';
    notice.querySelector('span').textContent = sentence;
    find('.connect').hidden = !mayConnect;
  }

  /** @param {string} sentence why there is no connection until somebody asks for one */
  function giveUp(sentence) {
    showState('offline');
    say(sentence, { mayConnect: true });
  }

  function showUnread(count) {
    unread = count;
    unreadBadge.textContent = count === 0 ? '' : `${count} new`;
  }

  /** As the server counts: what was taken back is not unread. */
  async function countUnread() {
    showUnread(await chat.unread().catch(() => unread));
  }

  /** Who works in a pane reads what it shows. */
  async function readAll() {
    if (unread === 0 || !isOnline) return;
    showUnread(0);
    // The next one says the same.
    await chat.sendRead().catch(() => undefined);
  }

  const isReading = () => element.contains(document.activeElement) && document.hasFocus();

  const hears = {
    state(state, why) {
      if (state === 'ended') return giveUp(why ?? 'Logged out.');
      showState(state === 'online' ? 'online' : 'reconnecting');
      say('');
    },
    history(messages) {
      for (const message of messages) bubbles.show(message);
      find('.hint').hidden = false;
    },
    messages(messages) {
      const fresh = messages.filter((message) => bubbles.show(message) && message.from !== user);
      showUnread(unread + fresh.length);
      if (isReading()) void readAll();
    },
    recalled(id, by) {
      bubbles.recall(id, by);
      if (unread > 0) void countUnread();
    },
    read: (by) => (by === user ? showUnread(0) : bubbles.advanceAll('Read')),
    delivered: (id) => bubbles.advance(id, 'Delivered'),
    // It may be heard after what was said since.
    deleted(time) {
      bubbles.clear(time);
      void countUnread();
    },
  };

  async function connect() {
    say('');
    showState('connecting');
    try {
      const response = await fetch(`session?user=${user}`);
      const session = await response.json();
      if (isClosed) return;
      if (!response.ok) return giveUp(session.message);
      chat?.close();
      chat = openChat({ session, device, peer, hears });
      await chat.open();
      await countUnread();
      if (isReading()) await readAll();
    } catch (fault) {
      giveUp(inWords(fault));
    }
  }

  function mayWork() {
    say(isOnline ? '' : 'Not connected. Try again in a moment.');
    return isOnline;
  }

  /** Shows what is on its way, and calls `send` for it; answers whether it was sent. */
  async function sendShown(content, send) {
    sends += 1;
    const localId = `sending ${sends}`;
    bubbles.show({ id: localId, from: user, time: Date.now(), ...content }, 'Sending…');
    try {
      bubbles.sent(localId, await send());
      return true;
    } catch (fault) {
      bubbles.remove(localId);
      say(inWords(fault));
      return false;
    }
  }

  async function sendText() {
    const text = field.value.trim();
    if (text === '' || !mayWork()) return;
    field.value = '';
    // What was not sent is there to be sent again.
    if (!(await sendShown({ text }, () => chat.sendText(text)))) field.value ||= text;
  }

  async function sendPicture() {
    const [picture] = file.files;
    file.value = '';
    if (picture === undefined || !mayWork()) return;
    const size = await createImageBitmap(picture).catch(() => undefined);
    if (size === undefined) return say('That is no picture.');
    const url = URL.createObjectURL(picture);
    await sendShown({ picture: { url, name: picture.name } }, () => chat.sendPicture(picture, size));
  }

  async function recall(id) {
    if (!mayWork()) return;
    try {
      await chat.recall(id);
      bubbles.recall(id, user);
      field.focus();
    } catch (fault) {
      say(inWords(fault));
    }
  }

  async function deleteConversation() {
    if (dialog.returnValue !== 'delete' || !mayWork()) return;
    try {
      await chat.deleteConversation();
      bubbles.clear(Infinity);
      showUnread(0);
    } catch (fault) {
      say(inWords(fault));
    }
  }

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void sendText();
  });
  file.addEventListener('change', () => void sendPicture());
  find('.delete').addEventListener('click', () => {
    dialog.returnValue = '';
    dialog.showModal();
  });
  dialog.addEventListener('close', () => void deleteConversation());
  find('.connect').addEventListener('click', () => void connect());
  element.addEventListener('focusin', () => void readAll());
  element.addEventListener('pointerdown', () => void readAll());
  label();
  void connect();

  return {
    element,
    close() {
      isClosed = true;
      chat?.close();
      element.remove();
    },
  };
}

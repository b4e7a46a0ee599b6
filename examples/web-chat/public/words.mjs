/** What the SDK's error numbers mean to a person. */
const sentences = {
  101: 'The picture could not be uploaded.',
  204: 'This user is not there any more.',
  219: 'You are muted.',
  500: 'The server is busy. Try again in a moment.',
  504: 'Too late: a message can be taken back only for a short time.',
  505: 'Taking back messages is switched off.',
  509: 'That was too fast. Try again in a moment.',
  511: 'That is too long to send.',
  512: 'The server did not answer in time. Try again.',
};

/** Why the SDK closed a connection for good. */
export const endings = {
  206: 'This device logged in on another page.',
  207: 'This user was removed.',
  216: 'The password of this user was changed.',
  217: 'This device was logged out by the server.',
};

/** @param {unknown} fault what a call of the SDK's, or a fetch, rejected with */
export function inWords(fault) {
  const { type, message } = fault ?? {};
  return (
    sentences[type] ?? endings[type] ?? (message ? `That did not work: ${message}` : 'That did not work.')
  );
}

export const capitalised = (name) => name.charAt(0).toUpperCase() + name.slice(1);

// @ts-check

const text = { type: 'string' };

/** @param {object} data */
function answer(data) {
  const properties = {
    path: text,
    uri: text,
    timestamp: { type: 'integer' },
    organization: text,
    application: text,
    action: text,
    data,
    duration: { type: 'integer' },
    applicationName: text,
  };
  const refusal = { type: 'object', properties: { error: text, error_description: text } };
  return { 200: { type: 'object', properties }, 403: refusal };
}

export const sendSchema = {
  body: {
    type: 'object',
    required: ['to', 'type', 'body'],
    properties: {
      from: { type: 'string', default: 'admin' },
      to: { type: 'array', items: text, minItems: 1, maxItems: 600 },
      type: text,
      body: { type: 'object' },
      ext: { type: 'object' },
    },
  },
  response: answer({ type: 'object', additionalProperties: text }),
};

const recalled = { recalled: text, chattype: text, from: text, to: text, msg_id: text };

export const recallSchema = {
  body: {
    type: 'object',
    required: ['msg_id', 'to', 'chat_type'],
    properties: {
      msg_id: { type: 'string', minLength: 1 },
      to: { type: 'string', minLength: 1 },
      from: { type: 'string', default: 'admin' },
      chat_type: { enum: ['chat', 'groupchat', 'chatroom'] },
      force: { type: 'boolean', default: false },
    },
  },
  response: answer({ type: 'object', properties: recalled }),
};

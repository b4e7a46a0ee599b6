import protobuf from 'protobufjs/light.js';

// What the official SDKs and this server say to each other: names and numbers of the fields (msync
// section 2), kept to those that are read or written here and those whose value the SDKs take apart.
// A field that is not set is not on the wire, one set to 0 is: only proto2 tells them apart.

type Field = readonly [type: string, id: number];

function message(fields: Readonly<Record<string, Field>>, repeated: readonly string[] = []): protobuf.IType {
  const described = Object.entries(fields).map(([name, [type, id]]) => [
    name,
    repeated.includes(name) ? { rule: 'repeated', type, id } : { type, id },
  ]);
  return { edition: 'proto2', fields: Object.fromEntries(described) as protobuf.IType['fields'] };
}

const common = {
  Jid: message({
    appKey: ['string', 1],
    name: ['string', 2],
    domain: ['string', 3],
    clientResource: ['string', 4],
  }),
  KeyValue: message({
    key: ['string', 1],
    type: ['int32', 2],
    varintValue: ['int64', 3],
    floatValue: ['float', 4],
    doubleValue: ['double', 5],
    stringValue: ['string', 6],
  }),
  Status: message({ errorCode: ['int32', 1], reason: ['string', 2] }),
};

const frames = {
  MSync: message({
    version: ['int32', 1],
    guid: ['Jid', 2],
    auth: ['string', 3],
    command: ['int32', 8],
    payload: ['bytes', 9],
  }),
  Provision: message({
    osType: ['int32', 1],
    version: ['string', 2],
    status: ['Status', 8],
    deviceUuid: ['string', 9],
    deviceName: ['string', 12],
    resource: ['string', 13],
    auth: ['string', 14],
    actionVersion: ['string', 17],
    authToken: ['string', 18],
    sessionId: ['string', 20],
    reason: ['string', 21],
  }),
  // The Meta inside stays in bytes: what is kept of it is kept as it came.
  CommSyncUL: message({ meta: ['bytes', 1], key: ['uint64', 2], queue: ['Jid', 3] }),
  CommSyncDL: message(
    {
      status: ['Status', 1],
      metaId: ['uint64', 2],
      serverId: ['uint64', 3],
      metas: ['bytes', 4],
      nextKey: ['uint64', 5],
      queue: ['Jid', 6],
      isLast: ['bool', 7],
      timestamp: ['uint64', 8],
    },
    ['metas'],
  ),
  CommNotice: message({ queue: ['Jid', 1] }),
  MetaQueue: message({ queue: ['Jid', 1], n: ['uint32', 2] }),
  CommUnreadDL: message({ status: ['Status', 1], unread: ['MetaQueue', 2], timestamp: ['uint64', 3] }, [
    'unread',
  ]),
};

const items = {
  Meta: message(
    {
      id: ['uint64', 1],
      from: ['Jid', 2],
      to: ['Jid', 3],
      timestamp: ['uint64', 4],
      ns: ['int32', 5],
      payload: ['bytes', 6],
      routetype: ['int32', 7],
      ext: ['KeyValue', 8],
      meta: ['bytes', 9],
      directedUsers: ['string', 10],
    },
    ['ext', 'directedUsers'],
  ),
  StatisticsBody: message({ operation: ['int32', 1], reason: ['string', 10] }),
  MucBody: message({ mucId: ['Jid', 1], operation: ['int32', 2], isChatroom: ['bool', 7] }),
  MessageConfig: message({ allowGroupAck: ['bool', 1] }),
  // Never read here; a broken one makes the SDKs throw.
  Stream: message({
    streamType: ['string', 1],
    streamSeq: ['uint64', 2],
    streamStatus: ['int32', 3],
    streamError: ['uint32', 4],
    streamFinishReason: ['int32', 5],
  }),
  Size: message({ width: ['double', 1], height: ['double', 2] }),
  Content: message(
    {
      type: ['int32', 1],
      text: ['string', 2],
      latitude: ['double', 3],
      longitude: ['double', 4],
      address: ['string', 5],
      displayName: ['string', 6],
      remotePath: ['string', 7],
      secretKey: ['string', 8],
      fileLength: ['int32', 9],
      action: ['string', 10],
      params: ['KeyValue', 11],
      duration: ['int32', 12],
      size: ['Size', 13],
      thumbnailRemotePath: ['string', 14],
      thumbnailSecretKey: ['string', 15],
      thumbnailDisplayName: ['string', 16],
      thumbnailFileLength: ['int32', 17],
      thumbnailSize: ['Size', 18],
      customEvent: ['string', 19],
      customExts: ['KeyValue', 20],
      buildingName: ['string', 21],
      subType: ['int32', 22],
      title: ['string', 23],
      summary: ['string', 24],
      combineLevel: ['int32', 25],
    },
    ['params', 'customExts'],
  ),
  MessageBody: message(
    {
      type: ['int32', 1],
      from: ['Jid', 2],
      to: ['Jid', 3],
      contents: ['Content', 4],
      ext: ['KeyValue', 5],
      ackMessageId: ['uint64', 6],
      msgConfig: ['MessageConfig', 7],
      ackContent: ['string', 8],
      meta: ['string', 9],
      editMessageId: ['uint64', 11],
      editScope: ['int32', 12],
      stream: ['Stream', 13],
    },
    ['contents', 'ext'],
  ),
};

const root = protobuf.Root.fromJSON({ nested: { ...common, ...frames, ...items } });
root.resolveAll();

export type WireType = protobuf.Type;

export const wire = {
  msync: root.lookupType('MSync'),
  provision: root.lookupType('Provision'),
  commSyncUp: root.lookupType('CommSyncUL'),
  commSyncDown: root.lookupType('CommSyncDL'),
  commNotice: root.lookupType('CommNotice'),
  commUnreadDown: root.lookupType('CommUnreadDL'),
  meta: root.lookupType('Meta'),
  statisticsBody: root.lookupType('StatisticsBody'),
  mucBody: root.lookupType('MucBody'),
  messageBody: root.lookupType('MessageBody'),
} as const;

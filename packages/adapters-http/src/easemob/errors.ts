import { limits } from '@recalld/domain';
import type { RecallRefusal } from '@recalld/domain';
import type { Failure } from '../route.js';

/** One row of the vendor's error tables. `error` is empty for the row `internal error` (seed 002). */
export interface ErrorRow {
  readonly status: number;
  readonly error: string;
  readonly description: string;
}

function row(status: number, error: string, description: string): ErrorRow {
  return { status, error, description };
}

/** What of a wrong name is repeated. */
function clipped(name: string): string {
  return name.slice(0, limits.idBytesMax);
}

/**
 * Every refusal of the Easemob contract: the only table. Strings are the vendor's, byte for byte.
 * Recall and conversation deletion: seed 002; sending: contract A9; the rest: contract A7, A10, A11.
 */
export const errors = {
  // messages/msg_recall
  recallMsgIdEmpty: row(400, 'message_recall_error', "param msg_id can't be empty"),
  recallToEmpty: row(400, 'message_recall_error', "param to can't be empty"),
  recallChatTypeEmpty: row(400, 'message_recall_error', "param chat_type can't be empty"),
  recallForceEmpty: row(400, 'message_recall_error', "param force can't be empty"),
  // The seed writes this one apostrophe as U+2019.
  recallReceiverNotFound: row(400, 'message_recall_error', 'can’t find msg to'),
  recallTooLate: row(403, 'message_recall_error', 'exceed recall time limit'),
  recallNotFound: row(403, 'message_recall_error', 'not_found msg'),
  recallDisabled: row(403, 'forbidden_op', 'message recall service is unopened'),

  // users/{username}/user_channel
  channelEmpty: row(400, 'illegal_argument', 'field channel cannot be null or empty'),
  typeEmpty: row(400, 'illegal_argument', 'field type cannot be null or empty'),
  deleteRoamEmpty: row(400, 'illegal_argument', 'field delete_roam cannot be null'),

  // messages/{users,chatgroups,chatrooms}
  sendFromEmpty: row(400, 'message_send_error', "param from can't be empty"),
  sendToEmpty: row(400, 'message_send_error', "param to can't be empty"),
  sendTypeEmpty: row(400, 'message_send_error', "param type can't be empty"),
  sendBodyEmpty: row(400, 'message_send_error', "param body can't be empty"),
  sendExtNotObject: row(400, 'message_send_error', 'param ext must be JSONObject'),
  sendTooLarge: row(400, 'message_send_error', 'message is too large'),
  sendTooManyReceivers: (max: number) =>
    row(400, 'message_send_error', `params to's size can't exceed limit ${max}`),

  // token, users
  clientIdMismatch: row(400, 'invalid_grant', 'client_id does not match'),
  clientSecretMismatch: row(400, 'invalid_grant', 'client_secret does not match'),
  passwordMismatch: row(400, 'invalid_grant', 'invalid username or password'),
  userNotActivated: row(400, 'invalid_grant', 'user not activated'),
  userNotFound: row(404, 'invalid_grant', 'user not found'),
  grantTypeUnknown: row(
    400,
    'unsupported_grant_type',
    'grant_type can only be client_credentials or password',
  ),
  ttlNotLegal: row(400, 'illegal_argument', 'ttl must be a number of seconds, 0 for a permanent token'),
  usernameMissing: row(400, 'illegal_argument', 'Entity user requires a property named username'),
  usernameTooLong: row(400, 'illegal_argument', 'USERNAME_TOO_LONG'),
  usernameNotLegal: (name: string) =>
    row(400, 'illegal_argument', `username [${clipped(name)}] is not legal`),
  passwordMissing: row(400, 'illegal_argument', 'password or pin must provided'),
  passwordNotLegal: row(400, 'illegal_argument', 'password must have at most 64 characters'),
  nicknameNotLegal: row(400, 'illegal_argument', 'nickname must have at most 100 characters'),
  tooManyUsers: (max: number) =>
    row(400, 'illegal_argument', `at most ${max} users can be registered at once`),
  usernameTaken: (name: string) =>
    row(
      400,
      'duplicate_unique_property_exists',
      `Application null Entity user requires that property named username be unique, value of ${name} exists`,
    ),

  // chatgroups, chatrooms
  groupNeedsPublic: row(400, 'invalid_parameter', 'group must contain public field!'),
  mustBeProvided: (field: string) => row(400, 'invalid_parameter', `${field} must be provided`),
  fieldNotLegal: (field: string) => row(400, 'invalid_parameter', `${field} is not legal`),
  groupIdTaken: (id: string) => row(400, 'illegal_argument', `group ID ${id} already exists!`),
  groupNotFound: (id: string) => row(404, 'resource_not_found', `grpID ${id} does not exist!`),
  tooManyMembers: row(403, 'exceed_limit', 'members size is greater than max user size !'),
  alreadyMember: (user: string, group: string) =>
    row(403, 'forbidden_op', `can not join this group, reason:user: ${user} already in group: ${group}\n`),
  notMember: (user: string) => row(403, 'forbidden_op', `users [${user}] are not members of this group!`),
  joinNeedsInvitation: row(
    403,
    'forbidden_op',
    'can not join this group, reason: it takes members by invitation only',
  ),
  ownerIsNoAdmin: row(403, 'forbidden_op', 'the owner can not be an admin of this group!'),
  ownerStays: row(403, 'forbidden_op', 'the owner can not be removed from this group!'),

  // users/{username}/blocks
  blocklistFull: row(403, 'exceed_limit', `a blocklist has at most ${limits.blockedUsersMax} users`),

  // {chatgroups,chatrooms}/{id}/mute
  muteListFull: row(403, 'exceed_limit', `a mute list has at most ${limits.mutedMembersMax} users`),

  // chatfiles
  fileMissing: row(400, 'illegal_argument', 'file must be provided.'),
  noUploadInParts: row(400, 'unsupported_service_operation', 'uploads in parts are not supported'),
  fileTooLarge: row(413, 'Request Entity Too Large', 'file exceeding maximum limit'),
  fileNotFound: row(404, 'entity_not_found', 'file may not exists'),
  fileExpired: (uuid: string) => row(404, 'file_expired', `file ${uuid} is expired`),
  fileSecretMismatch: row(401, 'auth_bad_access_token', 'Unable to authenticate'),

  // everywhere
  invalidBody: row(400, 'invalid_request_body', 'Request body is invalid. Please check body is correct.'),
  invalidRequest: row(400, 'illegal_argument', 'this is an invalid request.'),
  resourceNotFound: row(404, 'service_resource_not_found', 'Service resource not found'),
  wrongMethod: row(405, 'unsupported_service_operation', 'Service operation not supported'),
  tokenExpiredOrMissing: row(401, 'unauthorized', 'Unable to authenticate due to expired access token'),
  tokenCorrupt: row(401, 'auth_bad_access_token', 'Unable to authenticate due to corrupt access token'),
  notPermitted: row(401, 'unauthorized', 'Unable to authenticate (OAuth)'),
  appNotFound: (org: string, app: string, rest: string) =>
    row(
      404,
      'organization_application_not_found',
      `Could not find application for ${org}/${app} from URI: ${org}/${app}/${rest}`,
    ),
  bodyTooLarge: row(413, 'Request Entity Too Large', 'Request Entity Too Large'),
  mediaTypeUnsupported: row(415, 'web_application', 'Unsupported Media Type'),
  rateLimited: row(429, 'reach_limit', 'This request has reached api limit'),
  expectationUnknown: row(417, 'web_application', 'Expectation Failed'),
  overloaded: row(503, 'service_unavailable', 'the server is busy, please try again later'),
  unavailable: row(503, 'service_unavailable', 'the server cannot reach its storage, please try again later'),
  fault: row(500, '', 'internal error'),
} as const;

/** Seed 002 knows fewer reasons than the domain. */
export const recallRefusals: Readonly<Record<RecallRefusal, ErrorRow>> = {
  serviceDisabled: errors.recallDisabled,
  receiverMismatch: errors.recallReceiverNotFound,
  chatNotFound: errors.recallReceiverNotFound,
  alreadyRecalled: errors.recallNotFound,
  notFound: errors.recallNotFound,
  expired: errors.recallNotFound,
  notRecallable: errors.recallNotFound,
  notPermitted: errors.notPermitted,
  windowElapsed: errors.recallTooLate,
};

/** What the plumbing refuses; an unknown app is named by its path, so it has no fixed row. */
export const failureRows: Readonly<Record<Exclude<Failure, 'unknownApp'>, ErrorRow>> = {
  malformedRequest: errors.invalidRequest,
  expectationUnknown: errors.expectationUnknown,
  unknownRoute: errors.resourceNotFound,
  wrongMethod: errors.wrongMethod,
  malformedPath: errors.invalidRequest,
  tokenMissing: errors.tokenExpiredOrMissing,
  tokenCorrupt: errors.tokenCorrupt,
  tokenExpired: errors.tokenExpiredOrMissing,
  notPermitted: errors.notPermitted,
  malformedBody: errors.invalidBody,
  bodyTooLarge: errors.bodyTooLarge,
  rateLimited: errors.rateLimited,
  unsupportedMediaType: errors.mediaTypeUnsupported,
  overloaded: errors.overloaded,
  unavailable: errors.unavailable,
  fault: errors.fault,
};

/** Exception classes that the vendor's pages print and that the rule below does not give. */
const printedExceptions: Readonly<Record<string, string>> = {
  message_send_error: 'MessageSendException',
  unauthorized: 'org.apache.usergrid.rest.exceptions.SecurityException',
  auth_bad_access_token: 'org.apache.usergrid.rest.exceptions.SecurityException',
  '': 'EasemobInternalException',
};

/** The exception of an error type, on the pattern of seed 002: forbidden_op, EasemobForbiddenOpException. */
export function exceptionOf(error: string): string {
  const printed = printedExceptions[error];
  if (printed !== undefined) return printed;
  const words = error.replace(/_error$/, '').split(/[_ ]/);
  return `Easemob${words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')}Exception`;
}

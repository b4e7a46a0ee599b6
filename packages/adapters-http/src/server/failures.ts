import { Contended, Overloaded, Unavailable } from '@recalld/domain';
import type { Failure } from '../route.js';
import { MalformedJson } from './jsonBody.js';

/** What a request is refused with when something was thrown, and what may be told about it. */
export interface Thrown {
  readonly failure: Failure;
  readonly detail?: string;
}

interface SchemaComplaint {
  readonly instancePath: string;
  readonly message?: string;
  readonly params?: Readonly<Record<string, unknown>>;
}

/** Sorts what was thrown: the framework's complaints about a request, a busy server, storage that is away, or a fault. */
export function failureOf(thrown: unknown): Thrown {
  if (thrown instanceof MalformedJson) return { failure: 'malformedBody', detail: thrown.message };
  if (thrown instanceof Overloaded || thrown instanceof Contended) return { failure: 'overloaded' };
  if (thrown instanceof Unavailable) return { failure: 'unavailable' };
  if (!(thrown instanceof Error)) return { failure: 'fault' };
  const complaints = schemaComplaints(thrown);
  if (complaints !== undefined) return { failure: 'malformedBody', detail: complaints };
  return byFrameworkCode('code' in thrown ? thrown.code : undefined, thrown);
}

function byFrameworkCode(code: unknown, thrown: Error): Thrown {
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return { failure: 'bodyTooLarge' };
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return { failure: 'unsupportedMediaType' };
    case 'FST_ERR_BAD_URL':
      return { failure: 'malformedPath' };
    default:
      return isClientFault(thrown) ? { failure: 'malformedBody' } : { failure: 'fault' };
  }
}

/** Broken-off and mis-sized bodies carry a status of their own. */
function isClientFault(thrown: Error): boolean {
  const status: unknown = 'statusCode' in thrown ? thrown.statusCode : undefined;
  return typeof status === 'number' && status >= 400 && status < 500;
}

/** Ajv names places and rules, never the values that broke them. */
function schemaComplaints(thrown: Error): string | undefined {
  if (!('validation' in thrown) || !Array.isArray(thrown.validation)) return undefined;
  const complaints = thrown.validation as readonly SchemaComplaint[];
  const [first] = complaints;
  return first === undefined ? 'body' : `body${first.instancePath} ${ruleOf(first)}`;
}

/** The rule as the schema has it. */
function ruleOf({ message = 'is not valid', params }: SchemaComplaint): string {
  const allowed: unknown = params?.['allowedValues'];
  if (!Array.isArray(allowed)) return message;
  return `must be one of ${allowed.map((value) => JSON.stringify(value)).join(', ')}`;
}

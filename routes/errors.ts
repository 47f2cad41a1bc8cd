/** From the kind of a domain error to a status and the error document of API.md section 1: the one table. */
import { DomainError, type ErrorKind, messageOf } from '../src/errors.js';
import type { Logger } from '../src/log.js';
import { toDomainError } from '../src/pgstac/errors.js';
import type { Reply } from './http.js';

const STATUS: Readonly<Record<ErrorKind, number>> = {
  InvalidInput: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  Conflict: 409,
  Gone: 410,
  PreconditionFailed: 412,
  RequestTimeout: 408,
  TooLarge: 413,
  UnsupportedMediaType: 415,
  RateLimited: 429,
  Internal: 500,
  NotImplemented: 501,
  Upstream: 502,
  Unavailable: 503,
  UpstreamTimeout: 504,
};

/** At most so many faults are listed; the description gives their number (API.md section 2). */
const MAX_FAULTS = 100;

/** What repeats an input is as long as the input; nobody reads it all. */
const MAX_TEXT = 4000;

const shortened = (text: string): string => (text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT).toWellFormed()}…` : text);

/** The reply for anything that was thrown. A 500 tells the caller only its request id; the log gets the rest. */
export function errorReply(thrown: unknown, requestId: string, logger: Logger): Reply {
  const error = asDomainError(thrown);
  const status = STATUS[error.kind];
  if (error.kind === 'Internal') logger.error({ err: thrown, request_id: requestId }, messageOf(thrown));
  // Others' failures need no stack of ours, but what they said.
  else if (status >= 500 && error.kind !== 'NotImplemented') logger.warn({ request_id: requestId, kind: error.kind, ...(error.cause === undefined ? {} : { cause: messageOf(error.cause) }) }, error.message);
  const errors = error.faults.slice(0, MAX_FAULTS).map(({ path, message, index }) => ({ path: shortened(path), message: shortened(message), ...(index === undefined ? {} : { index }) }));
  return {
    status,
    body: {
      code: error.kind,
      description: error.kind === 'Internal' ? `The server failed; its log has the request id ${requestId}.` : shortened(error.message),
      errors,
      ...(error.faultCount > MAX_FAULTS ? { error_count: error.faultCount } : {}),
      request_id: requestId,
    },
    headers: retryHeaders(error),
  };
}

function retryHeaders(error: DomainError): Record<string, string> {
  if (error.kind === 'Unavailable' || error.kind === 'RateLimited') return { 'Retry-After': String(error.retryAfter ?? 2) };
  // What else may come of the body is nobody's.
  if (error.kind === 'RequestTimeout') return { Connection: 'close' };
  return {};
}

function asDomainError(thrown: unknown): DomainError {
  if (thrown instanceof DomainError) return thrown;
  return bodyError(thrown) ?? toDomainError(thrown);
}

/** Errors of the body parser (http-errors with `type`), which knows nothing of ours. */
function bodyError(thrown: unknown): DomainError | undefined {
  if (!(thrown instanceof Error)) return undefined;
  const type = 'type' in thrown ? thrown.type : undefined;
  switch (type) {
    case 'entity.parse.failed':
      return new DomainError('InvalidInput', `The body is not JSON: ${thrown.message}.`, { faults: [{ path: '', message: thrown.message }] });
    case 'entity.too.large':
      return new DomainError('TooLarge', 'The body is larger than the server takes (MAX_BODY_MB).');
    case 'encoding.unsupported':
    case 'charset.unsupported':
      return new DomainError('UnsupportedMediaType', thrown.message);
    case 'request.aborted':
    case 'request.size.invalid':
    case 'stream.encoding.set':
      return new DomainError('InvalidInput', 'The body ended before its Content-Length.');
    default:
      // zlib's faults come without a type: a body that does not unpack.
      return 'code' in thrown && typeof thrown.code === 'string' && /^(Z|ERR_BROTLI|ERR__ERROR_FORMAT|ZSTD)_/.test(thrown.code)
        ? new DomainError('InvalidInput', 'The body is not packed as its Content-Encoding says.')
        : undefined;
  }
}

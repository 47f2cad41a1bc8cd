/** Failures of Azure Blob Storage as domain errors: with status and Azure's code, without URLs, headers or signatures. */
import { DomainError, messageOf } from '../errors.js';
import { storeFailure } from './blobs.js';

/** Codes of @azure/identity where nothing gave a token. */
const NO_IDENTITY = /CredentialUnavailable|AuthenticationRequired|AggregateAuthentication|^AuthenticationError$/;

const member = (error: unknown, name: string): unknown => (typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined);

/** Azure's code: `ContainerNotFound`, `AuthenticationFailed`; a system's for a broken connection; '' when there is none. */
export const azureCode = (error: unknown): string => {
  const code = member(member(error, 'details'), 'errorCode') ?? member(error, 'code');
  return typeof code === 'string' ? code : '';
};

/** The HTTP status; 0 when there was no answer. */
export const azureStatus = (error: unknown): number => {
  const status = member(error, 'statusCode');
  return typeof status === 'number' ? status : 0;
};

/** @param what the operation: `writing metadata/mosaics/a.json` */
export function azureFailure(what: string, error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  const name = member(error, 'name');
  if (typeof name === 'string' && NO_IDENTITY.test(name)) {
    return storeFailure(what, new Error('no identity for the storage account was found; set AZURE_STORAGE_ACCESS_KEY, a SAS token or a connection string, or give this machine one'));
  }
  const [status, code] = [azureStatus(error), azureCode(error)];
  // The SDK's error holds the request with its URL, which may be signed: only its words are kept.
  const told = [status === 0 ? '' : String(status), code].filter((part) => part !== '').join(' ');
  const words = messageOf(error).split('\n', 1)[0]?.replaceAll(/\b(sig|se|sp)=[^&\s'"]+/g, '$1=…') ?? '';
  return storeFailure(what, Object.assign(new Error(words), { code: told === '' ? 'no answer' : told, statusCode: status }));
}

/** The status of the answer that a domain error was made of; 0 when there was none. */
export const statusOf = (error: unknown): number => (error instanceof DomainError ? azureStatus(error.cause) : 0);

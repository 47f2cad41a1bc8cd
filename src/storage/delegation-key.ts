/** Azure's user delegation keys: what a managed identity signs with in the place of the account's key. */
import type { AzureAccount } from '../config-storage.js';
import { azureFailure } from './azure-failure.js';
import { within } from './deadline.js';

export interface DelegationKey {
  readonly objectId: string;
  readonly tenantId: string;
  readonly start: string;
  readonly expiry: string;
  readonly service: string;
  readonly version: string;
  /** Base64. */
  readonly value: string;
}

const HOUR = 3_600_000;
/** A key is renewed so long before it would be too short; while Azure does not answer the old one goes on. */
const MARGIN = 12 * HOUR;
/** Clocks differ. */
const SKEW = HOUR / 4;
const TIMEOUT = 10_000;

/** A time to the second, as the SDK sends it and a SAS has it. */
const seconds = (date: Date): string => date.toISOString().replace(/\.\d+Z$/, 'Z');

/**
 * Keys that hold for at least so many milliseconds, asked for by one caller for all, and again in the background.
 * @throws Upstream where there is no key and none can be had
 */
export function delegationKeys(account: AzureAccount, needed: number): () => Promise<DelegationKey> {
  let current: { readonly key: DelegationKey; readonly end: number } | undefined;
  let asking: Promise<DelegationKey> | undefined;

  async function ask(): Promise<DelegationKey> {
    const { openService } = await import('./azure-client.js');
    const [now, end] = [Date.now(), Date.now() + needed + 2 * MARGIN];
    const service = await openService(account);
    const given = await within(TIMEOUT, 'asking for a user delegation key', (abortSignal) => service.getUserDelegationKey(new Date(now - SKEW), new Date(end), { abortSignal }));
    const { signedObjectId: objectId, signedTenantId: tenantId, signedStartsOn, signedExpiresOn, signedService, signedVersion, value } = given;
    const key = { objectId, tenantId, start: seconds(signedStartsOn), expiry: seconds(signedExpiresOn), service: signedService, version: signedVersion, value };
    current = { key, end: signedExpiresOn.getTime() };
    return key;
  }

  return async () => {
    const left = (current?.end ?? 0) - Date.now() - needed;
    if (current !== undefined && left > MARGIN) return current.key;
    asking ??= ask().finally(() => (asking = undefined));
    if (current !== undefined && left > 0) {
      asking.catch(() => undefined); // the next answer asks again
      return current.key;
    }
    return asking.catch((error: unknown) => {
      throw azureFailure('asking for a user delegation key', error);
    });
  };
}

/** The port that every reader of bytes stands on: @cogeotiff/core's `Source`, and who hands them out. */
import type { Source } from '@cogeotiff/core';
import type { AzureAccount } from '../config-storage.js';

export type { Source } from '@cogeotiff/core';

/** Signal and no more: what @cogeotiff/core passes through to a source. */
export interface FetchOptions {
  readonly signal?: AbortSignal;
}

/** Which files and hosts may be read; fields of `Config` all. */
export interface FetchPolicy {
  /** Host names or literal addresses, lower case, without port. */
  readonly allowedHosts: readonly string[];
  /** Absolute folders; a file is readable only below one of them. */
  readonly allowedFileRoots: readonly string[];
  /** The storage account whose blobs may be read, with its credentials. */
  readonly azure?: AzureAccount | undefined;
}

export interface Sources {
  /**
   * A source for one asset. Opening a file looks it up (its size is known at once); opening an http URL costs no
   * request: the first fetch tells the size (`metadata.size`).
   *
   * A fetch past the end returns fewer bytes than asked, or none. No handle stays open between fetches, so a source
   * needs no closing.
   * @throws DomainError InvalidInput (refused or unparsable), NotImplemented (another blob store's scheme), Upstream (no such file)
   */
  open(href: string): Promise<Source>;
  /**
   * Throws what {@link open} would throw for a href that may never be read; the asset itself is not touched.
   * A host name's addresses are checked only when connecting, a symbolic link's target only when opening.
   */
  check(href: string): void;
  /**
   * Whether an href is read with rights that are the server's and not the world's: a local file, or a blob of its storage account
   * that brings no signature of its own. False for what cannot be read at all.
   */
  needsOwnRights(href: string): boolean;
  /** Closes idle connections; open requests finish first. */
  close(): Promise<void>;
}

/** A source that says what its file is: another word after each change of it. Known once something has been read. */
export interface VersionedSource extends Source {
  readonly metadata: { size?: number; version?: string };
}

/** The file's own ETag, else its time and size; undefined where its server tells neither. */
export const versionOf = ({ metadata }: Source): string | undefined =>
  metadata !== undefined && 'version' in metadata && typeof metadata.version === 'string' ? metadata.version : undefined;

/** The href as it may stand in a message: without query and fragment, which carry signatures and keys. */
export const shownHref = (href: string): string => {
  const shown = href.replace(/[?#].*$/s, '').replace(/\/\/[^/@]*@/, '//');
  return shown.length > 300 ? `${shown.slice(0, 300)}…` : shown;
};

/** The `code` of a system's or undici's error; '' when it has none. */
export const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : '';

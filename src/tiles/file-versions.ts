/** Which files have been replaced under their names: noticed when a worker opens one again, so that its tiles become other ones. */
import { LRUCache } from 'lru-cache';

export interface FileVersions {
  /** @param versions by href, as a drawing found them. Whether one of them is another one than before */
  notice(versions: Readonly<Record<string, string>>): boolean;
  /** Of those that have changed since they were first seen: what their tiles depend on beside their names. */
  changed(hrefs: readonly string[]): string;
}

/** Some hundred bytes each. */
const FILES = 50_000;

export function fileVersions(): FileVersions {
  const files = new LRUCache<string, { readonly version: string; readonly isChanged: boolean }>({ max: FILES });
  return {
    notice(versions) {
      let changes = false;
      for (const [href, version] of Object.entries(versions)) {
        const known = files.get(href);
        if (known?.version === version) continue;
        files.set(href, { version, isChanged: known !== undefined });
        changes ||= known !== undefined;
      }
      return changes;
    },
    changed: (hrefs) =>
      hrefs.flatMap((href) => {
        const known = files.get(href);
        return known?.isChanged === true ? [known.version] : [];
      }).join(' '),
  };
}

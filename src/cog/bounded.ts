/** Limits on what a header may make us read, so that a hostile TIFF costs little time and memory. */
import type { Source, TiffImage } from '@cogeotiff/core';
import { DomainError, invalidInput } from '../errors.js';

/** Image directories: full size, a dozen overviews and their masks are 26. */
const MAX_DIRECTORIES = 64;
/** Bytes that all directories and their tags together may make us read; GDAL's headers stay below 1 MB. */
const MAX_HEADER_BYTES = 8 * 1024 * 1024;
/** Reads of a header: each directory may lie apart from its tags. */
const MAX_HEADER_READS = 512;
/** Milliseconds for all reads of a header; a host that trickles would hold it for hours. */
const MAX_HEADER_MS = 30_000;

/** A source with a budget until {@link BoundedSource.release}; then it only passes reads on. */
export interface BoundedSource extends Source {
  release(): void;
}

export function boundedSource(source: Source): BoundedSource {
  let bytes = MAX_HEADER_BYTES;
  let reads = MAX_HEADER_READS;
  let bounded = true;
  const end = performance.now() + MAX_HEADER_MS;
  return {
    url: source.url,
    get metadata() {
      return source.metadata ?? {};
    },
    async fetch(offset, length, options) {
      if (bounded) {
        bytes -= length ?? MAX_HEADER_BYTES + 1;
        reads -= 1;
        if (bytes < 0 || reads < 0) throw invalidInput('its header is larger than 8 MB, or its counts are damaged');
        if (performance.now() > end) throw new DomainError('UpstreamTimeout', `its header could not be read within ${MAX_HEADER_MS / 1000} s`);
      }
      return source.fetch(offset, length, options);
    },
    release() {
      bounded = false;
    },
  };
}

/** Ends the reading of a chain of directories that is too long or leads back into itself. */
export class BoundedImages extends Array<TiffImage> {
  /** Arrays derived from it are plain ones. */
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }

  override push(...images: TiffImage[]): number {
    if (this.length + images.length > MAX_DIRECTORIES) {
      throw invalidInput(`it has more than ${MAX_DIRECTORIES} image directories, or a loop of them`);
    }
    return super.push(...images);
  }
}

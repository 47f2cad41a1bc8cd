/** A list of texts as UTF-8 outside the heap: a million hrefs cost their bytes and 8 more each. */
import { Doubles } from './growable.js';

const CHUNK_BYTES = 1024 * 1024;

export class Texts {
  private readonly chunks: Buffer[] = [];
  /** Of each text: its chunk and where it begins there, then its length in bytes. */
  private readonly places = new Doubles();
  private used = CHUNK_BYTES;

  get length(): number {
    return this.places.length / 2;
  }

  push(text: string): void {
    const most = text.length * 3;
    if (this.used + most > (this.chunks.at(-1)?.length ?? 0)) {
      this.chunks.push(Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, most)));
      this.used = 0;
    }
    const chunk = this.chunks.length - 1;
    const written = this.chunks[chunk]?.write(text, this.used, 'utf8') ?? 0;
    // Chunk and offset in one double: exact, since a text has fewer than 2^30 bytes.
    this.places.push(chunk * 2 ** 30 + this.used);
    this.places.push(written);
    this.used += written;
  }

  at(index: number): string {
    const place = this.places.at(2 * index);
    const chunk = Math.floor(place / 2 ** 30);
    const from = place - chunk * 2 ** 30;
    return this.chunks[chunk]?.toString('utf8', from, from + this.places.at(2 * index + 1)) ?? '';
  }

  /** Whether the text at this index is this one. */
  is(index: number, text: string): boolean {
    return this.at(index) === text;
  }
}

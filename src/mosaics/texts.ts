/** A list of texts as UTF-8 outside the heap: a million hrefs cost 16 bytes each and what is not as in their neighbours. */
import { Doubles } from './growable.js';

const CHUNK_BYTES = 1024 * 1024;
/** The first of so many texts is kept whole, the others without the beginning that they share with it. */
const BLOCK = 64;
/** Numbers up to this are packed with another into one double: both stay exact. */
const WIDE = 2 ** 26;

export class Texts {
  private readonly chunks: Buffer[] = [];
  /** Of each text: its chunk and where it begins there, then the characters it shares and its own bytes. */
  private readonly places = new Doubles();
  private used = 0;
  private head = '';
  /** The head that was read last: neighbours are mostly read after each other. */
  private readBlock = -1;
  private readHead = '';

  get length(): number {
    return this.places.length / 2;
  }

  /** Makes room for so many. */
  reserve(count: number): void {
    this.places.reserve(2 * count);
  }

  /** @param text of less than 20 million characters */
  push(text: string): void {
    const isHead = this.length % BLOCK === 0;
    if (isHead) this.head = text;
    const shared = isHead ? 0 : sharedLength(this.head, text);
    const own = shared === 0 ? text : text.slice(shared);
    const most = own.length * 3;
    if (this.used + most > (this.chunks.at(-1)?.length ?? 0)) {
      this.chunks.push(Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, most)));
      this.used = 0;
    }
    const chunk = this.chunks.length - 1;
    const written = this.chunks[chunk]?.write(own, this.used, 'utf8') ?? 0;
    this.places.push(chunk * WIDE + this.used);
    this.places.push(shared * WIDE + written);
    this.used += written;
  }

  at(index: number): string {
    const shared = Math.floor(this.places.at(2 * index + 1) / WIDE);
    return shared === 0 ? this.own(index) : this.headOf(Math.floor(index / BLOCK)).slice(0, shared) + this.own(index);
  }

  private headOf(block: number): string {
    if (block !== this.readBlock) [this.readBlock, this.readHead] = [block, this.own(block * BLOCK)];
    return this.readHead;
  }

  private own(index: number): string {
    const place = this.places.at(2 * index);
    const chunk = Math.floor(place / WIDE);
    const from = place - chunk * WIDE;
    const bytes = this.places.at(2 * index + 1) % WIDE;
    return this.chunks[chunk]?.toString('utf8', from, from + bytes) ?? '';
  }
}

/** In UTF-16 units, never between the two of a pair. */
function sharedLength(one: string, other: string): number {
  const most = Math.min(one.length, other.length);
  let length = 0;
  while (length < most && one.charCodeAt(length) === other.charCodeAt(length)) length += 1;
  const last = one.charCodeAt(length - 1);
  return last >= 0xd800 && last <= 0xdbff ? length - 1 : length;
}

/** Where a read is made: on the standby while that has seen all writes, else on the primary. */
import { isStandbyFailure } from '../src/database/away.js';
import type { Call, Operation, Reply } from './http.js';

/** A read goes to the standby when there is one that is not behind; where the standby fails it, once more to the primary. */
export async function reading(isRead: boolean, call: Call, operation: Operation): Promise<Reply> {
  const { database } = call.services;
  const pool = isRead && operation.withoutDatabase !== true ? await database.replica?.poolOfNow() : undefined;
  if (pool === undefined || pool === database.pool) return operation.handle(call);
  const again = async (error: unknown): Promise<Reply> => {
    if (!isStandbyFailure(error)) throw error;
    database.replica?.rest(error);
    return operation.handle(call);
  };
  try {
    const reply = await operation.handle({ ...call, services: { ...call.services, database: { ...database, pool } } });
    return isStream(reply.text) ? { ...reply, text: beginningAgain(reply, reply.text, again) } : reply;
  } catch (error) {
    return again(error);
  }
}

type Pieces = AsyncIterable<string | Uint8Array>;

export const isStream = (text: Reply['text']): text is Pieces => text !== undefined && typeof text !== 'string' && !(text instanceof Uint8Array);

/** A stream that may fail before its first piece, when nothing of it is sent yet; later the connection is cut, which tells the reader. */
async function* beginningAgain({ headers }: Reply, pieces: Pieces, again: (error: unknown) => Promise<Reply>): AsyncGenerator<string | Uint8Array, void, undefined> {
  let isBegun = false;
  try {
    for await (const piece of pieces) {
      isBegun = true;
      yield piece;
    }
  } catch (error) {
    if (isBegun) throw error;
    const second = await again(error);
    // What has been written since is another answer than the one that the headers are of.
    if (!isStream(second.text) || second.headers?.['ETag'] !== headers?.['ETag']) throw error;
    yield* second.text;
  }
}

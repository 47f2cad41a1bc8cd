/** Large mosaics wait for one another: never more footprints at once than there is room for. */
import { setTimeout as delay } from 'node:timers/promises';
import { DomainError } from '../../src/errors.js';
import { createRoom } from '../../src/mosaics/room.js';

const never = new AbortController().signal;

describe('the room for mosaics', () => {
  it('lets in by turn, as many as fit, and small ones always', async () => {
    const room = createRoom(100_000);
    const seen: string[] = [];
    const enter = (name: string, count: number, signal = never): Promise<() => void> => room.enter(count, signal).then((leave) => (seen.push(name), leave));
    const leaveA = await enter('a', 60_000);
    const [b, c] = [enter('b', 60_000), enter('c', 20_000)];
    await enter('small', 1000);
    await delay(5);
    // c would fit, but b was there first
    expect(seen).toEqual(['a', 'small']);
    leaveA();
    leaveA();
    await Promise.all([b, c]);
    expect(seen).toEqual(['a', 'small', 'b', 'c']);
  });

  it('holds what is larger than itself when that is alone', async () => {
    const room = createRoom(100_000);
    const leave = await room.enter(5_000_000, never);
    leave();
    await room.enter(5_000_000, never);
  });

  it('is left by who goes away or waits too long, and the next one comes in', async () => {
    const room = createRoom(100_000, 30);
    const leave = await room.enter(90_000, never);
    const gone = new AbortController();
    const [left, late] = [room.enter(90_000, gone.signal), room.enter(80_000, never)];
    gone.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    await expect(late).rejects.toBeInstanceOf(DomainError);
    await expect(room.enter(90_000, never)).rejects.toMatchObject({ kind: 'Unavailable', retryAfter: 15 });
    const next = room.enter(90_000, never);
    leave();
    (await next)();
  });
});

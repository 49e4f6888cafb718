import { DEAD_AFTER_MS, Silence } from './silence.js';

const peer = (beat: string, left = false) => ({ coordinator_id: 'other', beat, left });

describe('the silence of a coordinator', () => {
  it('is death when its heartbeat stands still for long enough', () => {
    const silence = new Silence();
    expect(silence.observe([peer('1')], 0)).toEqual([]);
    expect(silence.observe([peer('1')], DEAD_AFTER_MS - 1)).toEqual([]);
    expect(silence.observe([peer('1')], DEAD_AFTER_MS)).toEqual([peer('1')]);
  });

  it('begins anew with every beat', () => {
    const silence = new Silence();
    silence.observe([peer('1')], 0);
    silence.observe([peer('2')], DEAD_AFTER_MS - 1);
    expect(silence.observe([peer('2')], DEAD_AFTER_MS + 1)).toEqual([]);
  });

  it('does not count the time in which we could not see', () => {
    const silence = new Silence();
    silence.observe([peer('1')], 0);
    silence.forget();
    expect(silence.observe([peer('1')], 10 * DEAD_AFTER_MS)).toEqual([]);
  });

  it('does not count the time in which we stood still ourselves', () => {
    const silence = new Silence();
    silence.observe([peer('1')], 0);
    expect(silence.observe([peer('1')], 10 * DEAD_AFTER_MS)).toEqual([]);
    expect(silence.observe([peer('2')], 10 * DEAD_AFTER_MS + 1_000)).toEqual([]);
  });

  it('need not be waited for when the other has left', () => {
    expect(new Silence().observe([peer('-infinity', true)], 0)).toHaveLength(1);
  });

  it('forgets who is gone', () => {
    const silence = new Silence();
    silence.observe([peer('1')], 0);
    silence.observe([], 1);
    expect(silence.observe([peer('1')], DEAD_AFTER_MS + 1)).toEqual([]);
  });
});

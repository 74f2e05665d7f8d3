/**
 * Redis's time without asking for it each time: every answer of a script brings it, and between
 * answers a monotonic clock goes on from there. Hosts whose own clocks are wrong agree on leases so.
 */
export class RedisClock {
  #offset: number | null = null;

  /** @param redisTime epoch ms, as Redis just said */
  set(redisTime: number): void {
    this.#offset = redisTime - performance.now();
  }

  /** Epoch ms; this host's until Redis has spoken. */
  now(): number {
    return this.#offset === null ? Date.now() : Math.round(performance.now() + this.#offset);
  }
}

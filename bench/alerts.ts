/**
 * `npm run bench:alerts`: noise and detection of the watchdog beside two common rules, over 30 simulated
 * days with a look every 30 s. Kuma's: down after 3 bad in a row, up at the first good one. Gatus': down
 * after 3 in a row, up after 2. Every rule sees the same world; only what it looks at and when is its own.
 */
import { initialState, next, nextDelayMs, policyOf } from '../monitoring/watchdog.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const INTERVAL_MS = 30 * SECOND;
const TRIALS = 2000;

/** Whether a look at this moment finds it working. */
type World = (now: number) => boolean;
/** One rule from its start: takes a look, says what it sends, and when it wants to look again. */
type Watcher = (ok: boolean, now: number) => { sent: string[]; againMs: number };

const rules: Record<string, () => Watcher> = {
  'this watchdog': () => {
    const policy = policyOf('own', INTERVAL_MS);
    let state = initialState(0);
    return (ok, now) => {
      const after = next(state, { ok }, policy, now);
      state = after.state;
      return {
        sent: after.events.filter(({ type }) => type !== 'settled').map(({ type }) => type),
        againMs: nextDelayMs(state, INTERVAL_MS),
      };
    };
  },
  'Kuma 3/1': () => inARow(3, 1),
  'Gatus 3/2': () => inARow(3, 2),
};

function inARow(bad: number, good: number): Watcher {
  let isUp = true;
  let row = 0;
  return (ok) => {
    row = ok === isUp ? 0 : row + 1;
    if (row < (isUp ? bad : good)) return { sent: [], againMs: INTERVAL_MS };
    isUp = !isUp;
    row = 0;
    return { sent: [isUp ? 'up' : 'down'], againMs: INTERVAL_MS };
  };
}

function watch(
  rule: () => Watcher,
  world: World,
  from: number,
  until: number,
): { at: number; sent: string }[] {
  const watcher = rule();
  const messages: { at: number; sent: string }[] = [];
  for (let now = from; now < until;) {
    const { sent, againMs } = watcher(world(now), now);
    messages.push(...sent.map((each) => ({ at: now, sent: each })));
    now += againMs;
  }
  return messages;
}

/** The same dice for every rule: whether a look fails depends on its moment alone. */
function dice(seed: number): (now: number) => number {
  return (now) => {
    let x = (Math.floor(now / 1000) ^ Math.imul(seed, 0x9e3779b1)) >>> 0;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    return ((x ^ (x >>> 16)) >>> 0) / 2 ** 32;
  };
}

/** Messages in 30 days of a world that is odd in its first hours. */
function noise(world: World): Record<string, number> {
  return Object.fromEntries(
    Object.entries(rules).map(([name, rule]) => [name, watch(rule, world, 0, 30 * DAY).length]),
  );
}

/** Mean seconds until DOWN, and the share of outages seen at all; outages begin anywhere between two looks. */
function detection(
  during: (seed: number) => World,
  lengthMs: number,
): Record<string, { meanS: number; seen: number }> {
  return Object.fromEntries(
    Object.entries(rules).map(([name, rule]) => {
      const delays: number[] = [];
      for (let seed = 1; seed <= TRIALS; seed += 1) {
        const begins = 10 * MINUTE + (seed % 30) * SECOND;
        const broken = during(seed);
        const world: World = (now) => now < begins || now >= begins + lengthMs || broken(now);
        const found = watch(rule, world, 0, begins + lengthMs).find(
          ({ at, sent }) => at >= begins && sent !== 'up',
        );
        if (found) delays.push((found.at - begins) / SECOND);
      }
      const meanS = delays.reduce((sum, each) => sum + each, 0) / delays.length;
      return [name, { meanS, seen: delays.length / TRIALS }];
    }),
  );
}

const slowFlapping: World = (now) => now >= 6 * HOUR || Math.floor(now / (90 * SECOND)) % 2 === 1;
const blips: World = (now) => dice(7)(now) > 0.005;
const chance =
  (failing: number) =>
  (seed: number): World =>
  (now) =>
    dice(seed)(now) > failing;

const names = Object.keys(rules);
const rows: string[][] = [['', ...names]];
const noisy = (label: string, world: World): void => {
  const counted = noise(world);
  rows.push([label, ...names.map((name) => `${counted[name]} messages`)]);
};
const detected = (label: string, failing: number, lengthMs: number): void => {
  const found = detection(chance(failing), lengthMs);
  rows.push([label, ...names.map((name) => `${found[name]!.meanS.toFixed(0)} s, ${(found[name]!.seen * 100).toFixed(0)} % seen`)]); // prettier-ignore
};
noisy('6 h of slow flapping (90 s down, 90 s up), 30 days', slowFlapping);
noisy('1 look in 200 fails by chance, 30 days', blips);
detected('full outage of 20 min: until told', 1.01, 20 * MINUTE);
detected('partial outage of 20 min (60 % fail): until told', 0.6, 20 * MINUTE);
detected('partial outage of 20 min (40 % fail): until told', 0.4, 20 * MINUTE);

const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
for (const row of rows) process.stdout.write(`${row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ').trimEnd()}\n`); // prettier-ignore
process.stdout.write(
  '\nBefore a message is sent, what fails together is gathered for ALERT_GROUP_S (30 s) more.\n',
);

/** Prometheus: what monitoring knows is on /metrics, and what dashboard and rules ask for is there. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { root } from '../cli/run-cli.ts';
import { until } from '../helpers/app.ts';
import { startService, type Service } from '../api/service.ts';

type Panel = { id: number; type: string; title: string; gridPos: Record<'x' | 'y' | 'w' | 'h', number>; targets?: { expr: string }[] }; // prettier-ignore
type Rule = { alert: string; expr: string; for: string; labels: { severity: string }; annotations: { summary: string } }; // prettier-ignore

const read = (name: string): string => readFileSync(path.join(root, 'monitoring', name), 'utf8');
const dashboard = JSON.parse(read('grafana-dashboard.json')) as { panels: Panel[]; uid: string };
const rules = (parse(read('alert-rules.yml')) as { groups: { rules: Rule[] }[] }).groups.flatMap(
  (each) => each.rules,
);
const expressions = [
  ...dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  ...rules.map(({ expr }) => expr),
];

let service: Service;
/** Labels of each metric that has samples. */
let metrics: Map<string, Map<string, Set<string>>>;

const site = createServer((_request, response) => response.writeHead(204).end());

beforeAll(async () => {
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
  service = await startService({
    SERVICES: 'api,worker,monitoring',
    MONITOR_INTERVAL_S: '1',
    MONITOR_CONTROL_URL: url,
    MONITOR_URLS: url,
  });
  await until(async () => {
    await service.json('/api/voices');
    metrics = samplesOf(await (await service.ask('/metrics', { key: null })).text());
    const kinds = metrics.get('genscene_check_up')?.get('kind');
    return kinds?.has('jobs') && kinds.has('http') && metrics.has('genscene_monitoring_round_age_seconds');
  });
}, 60_000);
afterAll(async () => {
  await service.stop();
  site.closeAllConnections();
  site.close();
});

test('every metric and label that dashboard and rules ask for is on /metrics', () => {
  const asked = expressions.flatMap(selectorsOf);
  expect(asked.length).toBeGreaterThan(30);
  const missing = asked.flatMap(({ name, labels }) => {
    const known = metrics.get(name);
    if (!known) return [name];
    // Prometheus adds these two by itself.
    const strange = labels.filter((label) => !known.has(label) && !['job', 'instance'].includes(label));
    return strange.map((label) => `${name}{${label}}`);
  });
  expect([...new Set(missing)]).toEqual([]);
});

test('values that selectors name are values there are', () => {
  expect([...metrics.get('genscene_jobs')!.get('state')!]).toEqual(expect.arrayContaining(['queued', 'running', 'stalled'])); // prettier-ignore
  expect([...metrics.get('genscene_jobs_last_hour')!.get('outcome')!].sort()).toEqual(['done', 'failed']);
  expect([...metrics.get('genscene_check_up')!.get('kind')!]).toEqual(expect.arrayContaining(['jobs', 'http'])); // prettier-ignore
  expect(metrics.get('genscene_check_latency_seconds')).toBeDefined();
});

test('the dashboard is whole: ids differ, panels lie beside each other', () => {
  const { panels } = dashboard;
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  for (const one of panels)
    for (const other of panels) {
      if (one.id >= other.id) continue;
      const [a, b] = [one.gridPos, other.gridPos];
      const overlap = a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
      expect(overlap, `${one.title} over ${other.title}`).toBe(false);
      expect(a.x + a.w).toBeLessThanOrEqual(24);
    }
});

test('each rule says how long, how bad and what', () => {
  expect(rules.length).toBeGreaterThan(9);
  expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
  for (const { alert, for: length, labels, annotations } of rules) {
    expect(alert).toMatch(/^GenScene[A-Z]\w+$/);
    expect(length).toMatch(/^\d+m$/);
    expect(['warning', 'critical']).toContain(labels.severity);
    expect(annotations.summary).toBeTruthy();
  }
});

test('only counters are named as counters', async () => {
  const text = await (await service.ask('/metrics', { key: null })).text();
  const kinds = [...text.matchAll(/^# TYPE (\w+_total) (\w+)$/gm)].map(([, name, kind]) => [name, kind]);
  expect(kinds.length).toBeGreaterThan(0);
  expect(kinds.filter(([, kind]) => kind !== 'counter')).toEqual([]);
});

test('the reader of expressions would notice a name that is not there', () => {
  expect(selectorsOf('sum by (le) (rate(genscene_a_b{x="1",y=~"2|3"}[5m])) > genscene_c')).toEqual([
    { name: 'genscene_a_b', labels: ['x', 'y'] },
    { name: 'genscene_c', labels: [] },
  ]);
  expect(metrics.has('genscene_c')).toBe(false);
});

/** Names of metrics in an expression, with the labels their selectors name. */
function selectorsOf(expression: string): { name: string; labels: string[] }[] {
  return [...expression.matchAll(/\b(genscene_\w+)(?:\{([^}]*)\})?/g)].map(([, name, selector = '']) => ({
    name: name!,
    labels: [...selector.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label]) => label!),
  }));
}

/** Prometheus text: every sample's labels and their values. */
function samplesOf(text: string): Map<string, Map<string, Set<string>>> {
  const found = new Map<string, Map<string, Set<string>>>();
  for (const line of text.split('\n')) {
    const [, name, labels = ''] = /^([a-z]\w*)(?:\{(.*)\})? \S+/i.exec(line) ?? [];
    if (!name) continue;
    const known = found.get(name) ?? new Map<string, Set<string>>();
    for (const [, label, value] of labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g))
      known.set(label!, (known.get(label!) ?? new Set()).add(value!));
    found.set(name, known);
  }
  return found;
}

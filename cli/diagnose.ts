/** `genscene diagnose HOST`: edge, origin and control of a public host, who is at fault, and what to do. */
import { Command } from 'commander';
import type { Finding } from '../core/ops/types.ts';
import type { Context } from './context.ts';
import { EXIT } from './failure.ts';

type Options = { origin?: string; control?: string; language: string; json?: true };

/** A 522 takes the edge 19 s. */
const TIMEOUT_MS = 28_000;

export function diagnoseCommand(context: Context): Command {
  return new Command('diagnose')
    .description('ask the edge (Cloudflare), the origin and a control address, and say who is at fault')
    .argument('[host]', 'a name or an address with its path; default: the first host of the settings')
    .option('--origin <address>', 'public IP address of the origin (default: MONITOR_ORIGIN)')
    .option('--control <url>', 'an address on neither side (default: MONITOR_CONTROL_URL)')
    .option('--language <tag>', 'language of the verdict: en or es', 'en')
    .option('--json', 'print what was found as JSON, as the last line')
    .action((host: string | undefined, options: Options) => diagnoseHost(host, options, context));
}

async function diagnoseHost(host: string | undefined, options: Options, context: Context): Promise<void> {
  const { terminal, signal } = context;
  const config = context.config();
  const [{ diagnose, addressOf, originFor }, { watchedHosts }] = await Promise.all([
    import('../monitoring/diagnosis.ts'),
    import('../monitoring/checks/index.ts'),
  ]);
  const watched = watchedHosts(config);
  const url = addressOf(host, watched, { ports: true });
  terminal.note(`Asking ${url.href}; a silent origin takes up to half a minute.`);
  const { evidence: _evidence, ...found } = await diagnose(url, {
    origin: options.origin ?? originFor(url, watched, config.monitoring.origin),
    controlUrl: options.control ?? config.monitoring.controlUrl,
    statusUrl: config.monitoring.statusUrl,
    alwaysControl: true,
    timeoutMs: TIMEOUT_MS,
    signal,
  });
  signal.throwIfAborted();
  if (!found.ok) terminal.exitCode = EXIT.failed;
  if (options.json) return terminal.print(JSON.stringify({ host: url.hostname, ...found }));
  printFinding(found, options.language.toLowerCase().startsWith('es') ? 'es' : 'en', context);
}

function printFinding(
  { ok, facts, summary, cure, verdict }: Finding,
  locale: 'en' | 'es',
  { terminal }: Context,
): void {
  const width = Math.max(...facts.map(({ name }) => name[locale].length));
  for (const { name, value } of facts) terminal.print(`${name[locale].padEnd(width)}  ${value[locale]}`);
  terminal.print();
  terminal.print(
    `${ok ? terminal.paint('green', '✓') : terminal.paint('red', '✗')} ${summary[locale]} [${verdict}]`,
  );
  if (cure) terminal.print(`    ${cure[locale]}`);
}

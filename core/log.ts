/** Logs: what core and doors write them by, and what never gets into them. */

/** The part of a structured logger (pino's, say) that core uses: facts first, then a plain sentence. */
export type Logger = Record<'debug' | 'info' | 'warn' | 'error', (facts: object, message: string) => void>;

/** Names of settings whose values are secrets; addresses of hooks carry theirs in their path. */
const SECRET_SETTING = /token|secret|password|apikey|webhookurl|heartbeaturl/i;
/** Shorter values would blot out ordinary words. */
const SHORTEST_SECRET = 8;

/** Secrets by their looks, whoever they belong to. What replaces them leaves a line of JSON whole. */
const LOOKS: [RegExp, string][] = [
  [/([?&][\w-]*(?:key|token|sig|secret|signature|credential)[\w-]*=)[^&\s"'\\]+/gi, '$1…'],
  [/:\/\/[^/\s:@"\\]*:[^/\s@"\\]+@/g, '://…@'],
  [/\b(Bearer|Bot|Basic) [\w.~+/=-]{8,}/g, '$1 …'],
  [/\bgs_[\w-]{8,}/g, 'gs_…'],
  [/\bxox[a-z]-[\w-]{8,}|\bxapp-[\w-]{8,}/g, 'xo…'],
  [/\bsk[-_][\w-]{16,}/g, 'sk-…'],
  [/(hooks\.slack\.com\/services|discord(?:app)?\.com\/api(?:\/v\d+)?\/webhooks)\/[\w/-]+/g, '$1/…'],
];

/**
 * Takes secrets out of whole lines of the log: those of the settings wherever they turn up (in a library's
 * error, say), and whatever looks like one.
 */
export function redaction(settings: object): (line: string) => string {
  const known = [...new Set(secretsOf(settings))].sort((a, b) => b.length - a.length);
  return (line) => {
    let text = line;
    for (const secret of known) if (text.includes(secret)) text = text.replaceAll(secret, '…');
    for (const [look, instead] of LOOKS) text = text.replaceAll(look, instead);
    return text;
  };
}

/** As they stand in a line of JSON, in an address, and of `name:key` lists each key. */
function secretsOf(settings: object): string[] {
  return Object.entries(settings).flatMap(([name, value]: [string, unknown]): string[] => {
    if (value !== null && typeof value === 'object') return secretsOf(value);
    if (typeof value !== 'string') return [];
    const password = URL.canParse(value) ? new URL(value).password : '';
    const secrets = [
      ...(SECRET_SETTING.test(name)
        ? [value, ...value.split(',').map((part) => part.replace(/^[^:]*:/, '').trim())]
        : []),
      ...(password ? [password, decodeURIComponent(password)] : []),
    ];
    return secrets
      .filter(({ length }) => length >= SHORTEST_SECRET)
      .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]);
  });
}

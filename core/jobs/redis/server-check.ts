/** Whether Redis is fit to keep jobs: its version, and settings that would lose some. */
import { StudioError } from '../../errors.ts';
import type { RedisClient } from './connection.ts';

/**
 * Sentences about settings under which jobs may be lost, each with what to do; none if all is well.
 * @throws {StudioError} not_ready if this Redis is too old
 */
export async function checkServer(client: RedisClient): Promise<string[]> {
  const info = facts(await client.sendCommand<never>(['INFO', 'everything']));
  const major = Number.parseInt(info.get('redis_version') ?? '0', 10);
  if (major < 7) {
    throw new StudioError('not_ready', `Redis ${info.get('redis_version')} is too old.`, {
      hint: 'Use Redis 7 or newer, or Valkey.',
    });
  }
  const warnings: string[] = [];
  if (info.get('aof_enabled') !== '1') {
    warnings.push('Redis keeps no append-only file, so a crash loses jobs: set "appendonly yes".');
  } else {
    // Some providers do not let it be asked; then nothing is said.
    const setting = await client.configGet('appendfsync').catch(() => ({}) as Record<string, string>);
    const fsync = setting['appendfsync'];
    if (fsync !== undefined && fsync !== 'always')
      warnings.push(
        `Redis may lose its last second in a power cut (appendfsync ${fsync}): set "appendfsync always".`,
      );
  }
  const policy = info.get('maxmemory_policy');
  if (policy !== undefined && policy !== 'noeviction')
    warnings.push(
      `Redis drops jobs when its memory is full (maxmemory-policy ${policy}): set "maxmemory-policy noeviction".`,
    );
  return warnings;
}

function facts(info: string): Map<string, string> {
  const lines = info.split('\r\n').map((line) => line.split(':', 2));
  return new Map(
    lines.flatMap(([name, value]) => (name && value !== undefined ? [[name, value] as const] : [])),
  );
}

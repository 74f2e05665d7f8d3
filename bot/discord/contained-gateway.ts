/**
 * The library's gateway with its loose ends held: it starts `onMessage`, `onClose` and `internalConnect`
 * without awaiting them, so a fault there (an op 9 right behind RESUMED, say) would end the process;
 * and a shard that was told to stop may still connect half a second later.
 */
import { SimpleShardingStrategy, type ClientOptions } from 'discord.js';

type BuildStrategy = NonNullable<NonNullable<ClientOptions['ws']>['buildStrategy']>;
type GatewayManager = Parameters<BuildStrategy>[0];
type LooseEnds = Record<
  'onMessage' | 'onClose' | 'internalConnect',
  (...input: unknown[]) => Promise<unknown>
>;

export type Containment = {
  buildStrategy: BuildStrategy;
  /** From now on no shard connects again. */
  end(): void;
};

/**
 * @param gatewayUrl replaces the address Discord names, also for resuming
 * @param onFault hears what would have been an unhandled rejection; the connection is unusable after it
 */
export function containGateway(
  gatewayUrl: string | undefined,
  onFault: (error: unknown) => void,
): Containment {
  let isOver = false;

  function contain(shard: object): void {
    const ends = shard as LooseEnds;
    for (const name of ['onMessage', 'onClose', 'internalConnect'] as const) {
      const original = ends[name].bind(shard);
      ends[name] = async (...input) => {
        if (isOver && name === 'internalConnect') return;
        try {
          return await original(...input);
        } catch (error) {
          if (!isOver) onFault(error);
        }
      };
    }
  }

  class ContainedStrategy extends SimpleShardingStrategy {
    override async spawn(shardIds: number[]): Promise<void> {
      await super.spawn(shardIds);
      for (const shard of (this as unknown as { shards: Map<number, object> }).shards.values())
        contain(shard);
    }
  }

  return {
    buildStrategy(manager) {
      if (gatewayUrl) redirect(manager, gatewayUrl);
      return new ContainedStrategy(manager);
    },
    end() {
      isOver = true;
    },
  };
}

function redirect(manager: GatewayManager, url: string): void {
  const fetchInformation = manager.fetchGatewayInformation.bind(manager);
  manager.fetchGatewayInformation = async (force) => ({ ...(await fetchInformation(force)), url });
  const update = manager.options.updateSessionInfo.bind(manager.options);
  manager.options.updateSessionInfo = (shardId, session) =>
    update(shardId, session && { ...session, resumeURL: url });
}

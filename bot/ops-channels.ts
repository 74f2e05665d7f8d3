/** Lends this platform's ops channels to monitoring: its messages in our words, its buttons as our actions. */
import type { Config } from '../core/config.ts';
import type { OpsChannel, OpsMessage, PostedMessage } from '../core/ops/types.ts';
import { encodeOpsAction } from './ops-actions.ts';
import type { Message, MessageRef, Messenger, Target } from './types.ts';

export function opsChannels(messenger: Messenger, config: Config): OpsChannel[] {
  const { platform } = messenger;
  const team = platform === 'discord' ? config.discord.guildId : undefined;
  return config[platform].opsChannels.map((channel): OpsChannel => {
    const target: Target = { channel, ...(team ? { team } : {}) };
    const below = (posted: PostedMessage): Target => ({ ...target, replyTo: refOf(posted).id });
    return {
      id: `${platform}:${channel}`,
      locale: () => config.chat.locale,
      post: (message, signal) => messenger.post(target, asMessage(message), signal),
      edit: (posted, message, signal) => messenger.edit(refOf(posted), asMessage(message), signal),
      reply: (posted, message, signal) => messenger.post(below(posted), asMessage(message), signal),
      find: (key, since, parent, signal) =>
        messenger.find(parent === null ? target : below(parent), key, since, signal),
      // Without its server a link into Discord leads nowhere.
      linkTo: (posted) => (platform === 'discord' && !team ? null : messenger.linkTo(refOf(posted))),
    };
  });
}

function asMessage({ buttons, ...message }: OpsMessage): Message {
  return {
    ...message,
    buttons: buttons.map(({ does, label, incident }) => ({
      kind: 'action',
      action: encodeOpsAction({ does, incident }),
      label,
      style: does === 'ack' ? 'primary' : 'plain',
    })),
  };
}

/** What `post` answered comes back as it was. */
function refOf(posted: PostedMessage): MessageRef {
  return posted as MessageRef;
}

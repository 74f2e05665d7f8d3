/** The app's manifest, made from the commands: what a person pastes at api.slack.com/apps to create the app. */
import type { Command } from '../types.ts';
import { usageHint } from './command-text.ts';
import { GLOBAL_SHORTCUT, MESSAGE_SHORTCUT } from './dispatch.ts';
import { cut } from './escape.ts';
import { slackText } from './texts.ts';

export type ManifestOptions = {
  mode: 'socket' | 'http';
  /** Public address of the endpoint, for HTTP, e.g. `https://films.example.org/slack/events`. */
  requestUrl?: string;
  /** At most 35 characters. */
  name?: string;
};

/** What each scope is for stands in the README; none is there to spare. */
export const botScopes = [
  'app_mentions:read',
  'channels:history',
  'chat:write',
  'commands',
  'files:read',
  'files:write',
  'groups:history',
  'im:history',
  'im:write',
  'mpim:history',
  'usergroups:read',
  'users:read',
] as const;

export function slackManifest(
  commands: readonly Command[],
  options: ManifestOptions,
): Record<string, unknown> {
  const { mode, requestUrl, name = 'Gen Scene Studio' } = options;
  const url = mode === 'http' ? { url: requestUrl ?? 'https://your-host.example/slack/events' } : {};
  const requests = mode === 'http' ? { request_url: url.url } : {};
  return {
    display_information: {
      name: cut(name, 35),
      description: 'Turns a script into a narrated, captioned film.',
      background_color: '#1f2430',
    },
    features: {
      app_home: {
        home_tab_enabled: false,
        messages_tab_enabled: true,
        messages_tab_read_only_enabled: false,
      },
      bot_user: { display_name: 'genscene', always_online: mode === 'socket' },
      shortcuts: [
        {
          name: cut(slackText('messageShortcut', 'en'), 24),
          type: 'message',
          callback_id: MESSAGE_SHORTCUT,
          description: 'Its text and pictures become scenes',
        },
        {
          name: cut(slackText('globalShortcut', 'en'), 24),
          type: 'global',
          callback_id: GLOBAL_SHORTCUT,
          description: 'Opens a form for the script',
        },
      ],
      slash_commands: slashCommands(commands).map((command) => ({
        ...command,
        ...url,
        should_escape: false,
      })),
    },
    oauth_config: { scopes: { bot: [...botScopes] } },
    settings: {
      event_subscriptions: { ...requests, bot_events: ['app_mention', 'message.im'] },
      interactivity: { is_enabled: true, ...requests },
      org_deploy_enabled: false,
      socket_mode_enabled: mode === 'socket',
      token_rotation_enabled: false,
    },
  };
}

/** One slash command a first word; Slack allows 50 of them. */
function slashCommands(commands: readonly Command[]) {
  const names = [...new Set(commands.map(({ path }) => path[0]))];
  return names.slice(0, 50).map((name) => {
    const group = commands.filter(({ path }) => path[0] === name);
    const first = group.find(({ textOption }) => textOption) ?? group[0];
    const hint = usageHint(group);
    return {
      command: `/${name}`,
      description: cut(first?.description.en ?? name, 200),
      ...(hint ? { usage_hint: cut(hint, 1000) } : {}),
    };
  });
}

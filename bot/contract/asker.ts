/** Who asks, where, and in which language. */

export type ChatPlatform = 'discord' | 'slack';
export type Locale = 'en' | 'es';
/** The same sentence in each language. */
export type Texts = Readonly<Record<Locale, string>>;

export type Asker = {
  platform: ChatPlatform;
  user: {
    id: string;
    name: string;
    /** Ids of roles (Discord) or user groups (Slack). */
    roles: readonly string[];
    /** Administrator of the server or workspace: counts as operator. */
    isAdmin: boolean;
  };
  place: {
    /** Discord guild or Slack workspace; null in direct messages outside one. */
    team: string | null;
    channel: string;
    thread: string | null;
    isDirect: boolean;
  };
  /** Of the person where the platform says it, else of the settings. */
  locale: Locale;
};

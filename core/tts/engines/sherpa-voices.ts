/** The sherpa voices in a folder: one folder a model, looked at again only when it changes. */
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { asStudioError, StudioError } from '../../errors.ts';
import { parseLanguage, sameLanguage, speaks } from '../languages.ts';
import type { Voice } from '../types.ts';
import { inspectSherpaModel, type SherpaModel, type SherpaSpeaker } from './sherpa-model.ts';

type Found = { name: string; changed: number; model: SherpaModel | StudioError };
export type SherpaChoice = { model: SherpaModel; speaker: SherpaSpeaker };

/** Speakers of one model that are listed; the others can be asked for by number. */
const mostListed = 60;
/** How long a look at the folders holds, ms: a validation asks many times over. */
const freshMs = 1000;

export class SherpaVoices {
  private readonly folder: string;
  private found = new Map<string, Found>();
  private lookedAt = -Infinity;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Whether there is a folder at all, be it one that cannot be used: asking for it tells why. */
  isAny(): boolean {
    return this.look().length > 0;
  }

  list(): Voice[] {
    return this.look().flatMap(({ name, model }) =>
      model instanceof StudioError
        ? []
        : model.speakers.slice(0, mostListed).map((speaker) => asVoice(name, model, speaker)),
    );
  }

  /** @throws {StudioError} voice_unknown if its folder is there but cannot be used */
  named(name: string): Voice | null {
    const [modelName = '', speakerName] = name.split('/');
    const found = this.look().find((each) => each.name.toLowerCase() === modelName.toLowerCase());
    if (!found) return null;
    if (found.model instanceof StudioError) throw found.model;
    const { speakers } = found.model;
    const speaker =
      speakerName === undefined ? speakers[0] : speakers.find((each) => each.name === speakerName);
    return speaker ? asVoice(found.name, found.model, speaker) : null;
  }

  /** The best voice of a language: of its region first. */
  defaultFor(language: string): string | null {
    const able = this.list().filter((voice) => speaks(voice, language));
    const { region } = parseLanguage(language);
    const sameRegion = able.find(
      (voice) => region !== undefined && parseLanguage(voice.language).region === region,
    );
    const own = able.find((voice) => voice.language !== 'mul' && sameLanguage(voice.language, language));
    return (sameRegion ?? own ?? able[0])?.name ?? null;
  }

  /**
   * Model and speaker behind a voice of ours.
   * @throws {StudioError} voice_unknown if it has gone or been damaged since
   */
  choice(name: string): SherpaChoice {
    const [modelName = '', speakerName] = name.split('/');
    this.lookedAt = -Infinity;
    const found = this.look().find((each) => each.name === modelName);
    if (found?.model instanceof StudioError) throw found.model;
    const speaker =
      found?.model.speakers.find((each) => each.name === (speakerName ?? null)) ?? found?.model.speakers[0];
    if (!found || !speaker)
      throw new StudioError('voice_unknown', `The sherpa voice "${name}" is not there any more.`, {
        hint: '`genscene voices` lists all, `genscene voices add` downloads one.',
      });
    return { model: found.model as SherpaModel, speaker };
  }

  private look(): Found[] {
    if (performance.now() - this.lookedAt > freshMs) {
      this.found = this.inspectChanged();
      this.lookedAt = performance.now();
    }
    return [...this.found.values()];
  }

  private inspectChanged(): Map<string, Found> {
    const found = new Map<string, Found>();
    const folders = modelFolders(this.folder).map((folder) => ({ ...folder, name: voiceName(path.basename(folder.path)) })); // prettier-ignore
    // The first of a language is its default, which must not depend on how a disk lists its folders.
    for (const { name, ...folder } of folders.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const before = this.found.get(folder.path);
      const model = before?.changed === folder.changed ? before.model : inspect(folder.path);
      found.set(folder.path, { name, changed: folder.changed, model });
    }
    return found;
  }
}

function inspect(folder: string): SherpaModel | StudioError {
  try {
    return inspectSherpaModel(folder);
  } catch (error) {
    return asStudioError(error, 'voice_unknown');
  }
}

/** Folders that do not begin with a dot (downloads under way do), and when anything in them changed. */
function modelFolders(folder: string): { path: string; changed: number }[] {
  let entries;
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
  return entries.flatMap((entry) => {
    const file = path.join(folder, entry.name);
    if (entry.name.startsWith('.') || !(entry.isDirectory() || entry.isSymbolicLink())) return [];
    try {
      const times = readdirSync(file).map((name) => statSync(path.join(file, name)).mtimeMs);
      return [{ path: file, changed: Math.max(statSync(file).mtimeMs, ...times) }];
    } catch {
      return [];
    }
  });
}

/** A folder's name without what only says where it came from: `vits-piper-es_MX-claude-high`. */
export function voiceName(folderName: string): string {
  return folderName
    .replace(/^(vits-(piper-|coqui-|mimic3-|mms-)?|matcha-icefall-|sherpa-onnx-)/, '')
    .replace(/[^\p{L}\p{N} ._:+@()-]/gu, '-');
}

function asVoice(modelName: string, model: SherpaModel, speaker: SherpaSpeaker): Voice {
  const { language, languages, gender } = speaker;
  return {
    engine: 'sherpa',
    name: speaker.name === null ? modelName : `${modelName}/${speaker.name}`,
    language,
    ...(languages ? { languages } : {}),
    gender,
    timing: 'aligned',
    local: true,
    licence: model.licence,
  };
}

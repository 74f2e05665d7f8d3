/** Bodies of requests: JSON, or multipart with `payload_json` and `files[n]`. */
import type { IncomingMessage } from 'node:http';

export type UploadedFile = { index: number; filename: string; contentType: string; bytes: Buffer };
export type RequestBody = { json: unknown; files: UploadedFile[] };

export async function readBody(request: IncomingMessage): Promise<RequestBody> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  const type = request.headers['content-type'] ?? '';
  if (bytes.length === 0) return { json: {}, files: [] };
  if (!type.startsWith('multipart/'))
    return { json: JSON.parse(bytes.toString('utf8')) as unknown, files: [] };
  const form = await new Response(bytes, { headers: { 'content-type': type } }).formData();
  const files: UploadedFile[] = [];
  let json: unknown = {};
  for (const [name, value] of form.entries()) {
    const index = /^files\[(\d+)\]$/.exec(name)?.[1];
    if (typeof value === 'string') json = name === 'payload_json' ? JSON.parse(value) : json;
    else if (index !== undefined)
      files.push({
        index: Number(index),
        filename: value.name,
        contentType: value.type || 'application/octet-stream',
        bytes: Buffer.from(await value.arrayBuffer()),
      });
  }
  return { json, files };
}

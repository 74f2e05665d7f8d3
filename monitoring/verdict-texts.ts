/** What each verdict means, and what to do, in words for the person who is woken by it. */
import type { OpsTexts } from '../core/ops/types.ts';
import type { Verdict } from './verdict.ts';

type Place = {
  host: string;
  /** Of the origin; null where it is not known. */
  address: string | null;
  /** What the edge answered. */
  code: string;
};
type Said = { summary: OpsTexts; cure: OpsTexts | null };

export function sayVerdict(verdict: Verdict, place: Place): Said {
  return sayings[verdict](place);
}

const at = ({ address }: Place): string => (address ? ` (${address})` : '');

const sayings: Record<Verdict, (place: Place) => Said> = {
  ok: ({ host }) => ({
    summary: { en: `${host} answers`, es: `${host} responde` },
    cure: null,
  }),
  origin_closed: (place) => ({
    summary: {
      en: `${place.host} answers; its origin${at(place)} is closed to all but Cloudflare`,
      es: `${place.host} responde; su origen${at(place)} está cerrado a todos menos a Cloudflare`,
    },
    cure: null,
  }),
  served_from_cache: (place) => ({
    summary: {
      en: `The origin of ${place.host}${at(place)} is down; Cloudflare still serves what it has cached`,
      es: `El origen de ${place.host}${at(place)} está caído; Cloudflare aún sirve lo que tiene en caché`,
    },
    cure: {
      en: 'Start the service on the origin (docker compose ps, systemctl status) before the cache runs out.',
      es: 'Arranca el servicio en el origen (docker compose ps, systemctl status) antes de que caduque la caché.',
    },
  }),
  origin_down: (place) => ({
    summary: {
      en: `The origin of ${place.host}${at(place)} is down: neither Cloudflare (${place.code}) nor we can reach it`,
      es: `El origen de ${place.host}${at(place)} está caído: ni Cloudflare (${place.code}) ni nosotros llegamos a él`,
    },
    cure: {
      en: 'Look at the origin: is the machine up, does the web server run and listen on the port (systemctl status, docker compose ps, ss -ltn)?',
      es: 'Mira el origen: ¿está encendida la máquina, corre el servidor web y escucha en el puerto (systemctl status, docker compose ps, ss -ltn)?',
    },
  }),
  edge_blocked: (place) => ({
    summary: {
      en: `Cloudflare cannot reach the origin of ${place.host} (${place.code}) while the origin${at(place)} answers directly: a firewall or rate limit drops Cloudflare's addresses`,
      es: `Cloudflare no llega al origen de ${place.host} (${place.code}) aunque el origen${at(place)} responde directamente: un cortafuegos o límite de peticiones bloquea las direcciones de Cloudflare`,
    },
    cure: {
      en: 'Allow the ranges of cloudflare.com/ips in the firewall (ufw, iptables, the provider’s panel) and unban them in fail2ban.',
      es: 'Permite los rangos de cloudflare.com/ips en el cortafuegos (ufw, iptables, el panel del proveedor) y quítalos de fail2ban.',
    },
  }),
  edge_wrong_address: (place) => ({
    summary: {
      en: `Cloudflare finds no way to the origin of ${place.host} (523) while the origin${at(place)} answers us: its DNS record names another address`,
      es: `Cloudflare no encuentra camino al origen de ${place.host} (523) aunque el origen${at(place)} nos responde: su registro DNS apunta a otra dirección`,
    },
    cure: {
      en: 'Compare the A/AAAA record of this host in Cloudflare with the address of the origin.',
      es: 'Compara el registro A/AAAA de este host en Cloudflare con la dirección del origen.',
    },
  }),
  origin_out_of_reach: ({ host, code }) => ({
    summary: {
      en: `Cloudflare cannot reach the origin of ${host} (${code})`,
      es: `Cloudflare no llega al origen de ${host} (${code})`,
    },
    cure: {
      en: 'Look whether the origin runs and lets Cloudflare in. Set MONITOR_ORIGIN to its public address, and I can tell which.',
      es: 'Mira si el origen funciona y deja entrar a Cloudflare. Pon su dirección pública en MONITOR_ORIGIN y te diré cuál de las dos.',
    },
  }),
  origin_slow: (place) => ({
    summary: {
      en: `The origin of ${place.host}${at(place)} is too slow: Cloudflare waits for its answer in vain (${place.code})`,
      es: `El origen de ${place.host}${at(place)} es demasiado lento: Cloudflare espera en vano su respuesta (${place.code})`,
    },
    cure: {
      en: 'Look at load, memory and disk of the origin (/ops vps) and at what it waits for; long work belongs in a job.',
      es: 'Mira la carga, la memoria y el disco del origen (/ops vps) y a qué espera; el trabajo largo va en un job.',
    },
  }),
  origin_tls: ({ host, code }) => ({
    summary: {
      en: `Cloudflare and the origin of ${host} cannot agree on TLS (${code})`,
      es: `Cloudflare y el origen de ${host} no se entienden por TLS (${code})`,
    },
    cure: {
      en: 'Renew the certificate on the origin for this name, or use an Origin CA certificate; check the SSL/TLS mode of the zone.',
      es: 'Renueva el certificado del origen para este nombre o usa uno de Origin CA; revisa el modo SSL/TLS de la zona.',
    },
  }),
  tunnel_or_dns: ({ host, code }) => ({
    summary: {
      en: `Cloudflare does not find the origin of ${host} (${code}): its tunnel is down or its DNS record leads nowhere`,
      es: `Cloudflare no encuentra el origen de ${host} (${code}): su túnel está caído o su registro DNS no lleva a ninguna parte`,
    },
    cure: {
      en: 'Start cloudflared on the origin (systemctl status cloudflared), and check where the DNS record points.',
      es: 'Arranca cloudflared en el origen (systemctl status cloudflared) y revisa adónde apunta el registro DNS.',
    },
  }),
  edge_error: ({ host, code, address }) => ({
    summary: {
      en: `Cloudflare itself answers ${code} for ${host}${address ? '; the origin is fine' : ''}`,
      es: `Cloudflare mismo responde ${code} para ${host}${address ? '; el origen está bien' : ''}`,
    },
    cure: {
      en: 'Look at cloudflarestatus.com and wait; if it lasts, set the record to DNS only for the time being.',
      es: 'Mira cloudflarestatus.com y espera; si dura, pon el registro en solo DNS mientras tanto.',
    },
  }),
  origin_error: ({ host, code }) => ({
    summary: {
      en: `${host} answers ${code}: the application on the origin fails`,
      es: `${host} responde ${code}: falla la aplicación del origen`,
    },
    cure: {
      en: 'Read the log of the service on the origin; /ops status says which part of it fails.',
      es: 'Lee el registro del servicio en el origen; /ops status dice qué parte falla.',
    },
  }),
  edge_tls: ({ host, code }) => ({
    summary: {
      en: `The certificate that people are shown for ${host} is not valid (${code})`,
      es: `El certificado que se muestra para ${host} no es válido (${code})`,
    },
    cure: {
      en: 'Check the edge certificate of the zone in Cloudflare (SSL/TLS → Edge Certificates).',
      es: 'Revisa el certificado de la zona en Cloudflare (SSL/TLS → Edge Certificates).',
    },
  }),
  edge_unreachable: ({ host, code }) => ({
    summary: {
      en: `${host} cannot be reached from here (${code}) while the rest of the internet can: the edge or the DNS of this name`,
      es: `No se llega a ${host} desde aquí (${code}) aunque sí al resto de internet: el borde o el DNS de este nombre`,
    },
    cure: {
      en: 'Check that the name resolves (dig) and that the zone is active in Cloudflare; look at cloudflarestatus.com.',
      es: 'Comprueba que el nombre resuelve (dig) y que la zona está activa en Cloudflare; mira cloudflarestatus.com.',
    },
  }),
  host_down: (place) => ({
    summary: {
      en: `Neither ${place.host} (${place.code}) nor its origin${at(place)} answers`,
      es: `No responden ni ${place.host} (${place.code}) ni su origen${at(place)}`,
    },
    cure: {
      en: 'Look at the origin first: is the machine up, does the web server run?',
      es: 'Mira primero el origen: ¿está encendida la máquina, corre el servidor web?',
    },
  }),
  own_network: () => ({
    summary: {
      en: 'The network of the machine that watches is down',
      es: 'La red de la máquina que vigila está caída',
    },
    cure: {
      en: 'Check the network of this host; of the others nothing can be said until then.',
      es: 'Revisa la red de esta máquina; hasta entonces no se puede decir nada de las demás.',
    },
  }),
};

# One image for every service; SERVICES says which of them a container runs.
#
#   docker build -t gen-scene-studio .
#   docker run --rm -p 8000:8000 -v genscene:/data gen-scene-studio

FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# No package of ours needs its install script: ffmpeg comes from Debian below.
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json cli.ts app.ts ./
COPY scripts/build.ts scripts/build.ts
COPY api api
COPY app app
COPY bot bot
COPY cli cli
COPY clients clients
COPY core core
COPY monitoring monitoring
RUN npm run build \
  && npm prune --omit=dev --ignore-scripts --no-audit --no-fund \
  && rm -rf node_modules/ffmpeg-static

FROM node:22-bookworm-slim
RUN apt-get update \
  && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
    ca-certificates bzip2 ffmpeg fonts-noto-cjk fonts-noto-color-emoji tini \
  && rm -rf /var/lib/apt/lists/*
# A number, so that Kubernetes can see that it is not root.
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin genscene \
  && install -d -o genscene -g genscene -m 0700 /data
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY examples examples
ENV NODE_ENV=production \
  DATA_DIR=/data \
  PORT=8000 \
  ALIVE_FILE=/tmp/genscene-alive \
  MALLOC_ARENA_MAX=2
USER 10001:10001
VOLUME /data
EXPOSE 8000
# Bots and workers answer no port: all touch this file every 15 s. The API is asked by docker-compose.yml.
HEALTHCHECK --interval=20s --timeout=5s --start-period=30s --retries=3 \
  CMD ["sh", "-c", "test -n \"$(find \"$ALIVE_FILE\" -newermt '60 seconds ago')\""]
# tini reaps what a killed renderer leaves behind, and hands signals on.
ENTRYPOINT ["tini", "--", "node", "dist/cli.js"]
CMD ["start"]

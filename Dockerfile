# Stage 1 builds with the development dependencies and fetches what would else be fetched at the first start: pgSTAC's SQL and the
# STAC schemas, from their wheels. Stage 2 carries what runs; it needs no network, no root and no writable file system but /data and /tmp.
FROM node:24-bookworm-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-pip && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npx tsc -b
ENV CACHE_DIR=/app/cache
RUN node scripts/fetch.mjs
# The embedded database as it is after its first start, which then takes a second in place of ten.
RUN DATA_DIR=/app/template node dist/src/main.js migrate
# npm counts as missing what it was told to leave out, and as left out what both need, while package.json names it.
RUN npm prune --omit=dev --no-audit --no-fund && npm pkg delete devDependencies && npm sbom --sbom-format=cyclonedx --sbom-type=application > sbom.cdx.json

FROM node:24-bookworm-slim
# Tiles are decoded and encoded by many threads, each with an arena of glibc's allocator: two arenas save 100 MB and cost no time.
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080 DATA_DIR=/data CACHE_DIR=/app/cache EMBEDDED_TEMPLATE=/app/template MALLOC_ARENA_MAX=2
WORKDIR /app
COPY --from=build /app/package.json /app/sbom.cdx.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY --from=build /app/public public
COPY --from=build /app/src/database/migrations src/database/migrations
COPY --from=build /app/cache cache
COPY --from=build --chown=1000:1000 /app/template template
# Numbers, so that Kubernetes can tell that it is not root: the user "node" of the base image.
RUN mkdir /data && chown 1000:1000 /data
USER 1000:1000
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --start-period=60s CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/live`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/src/main.js"]
CMD ["serve"]

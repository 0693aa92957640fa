# A small image with the program and nothing that it does not need. Build: docker build -t couplet .
# To build with the same compiler as you test with: docker build --build-arg RUST=1.95 -t couplet .
ARG RUST=1

FROM rust:${RUST}-slim-trixie AS build
# Its C compiler is all that aws-lc, the cryptography library, and SQLite need.
WORKDIR /couplet
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/couplet/target,sharing=locked \
    cargo build --release --locked --bin couplet \
    && install -D --strip target/release/couplet /out/usr/local/bin/couplet \
    && install -d -m 0700 /out/var/lib/couplet

# glibc, CA certificates (for partners and a database with TLS), a user without rights, no shell.
FROM gcr.io/distroless/cc-debian13:nonroot
COPY --from=build --chown=0:0 /out/usr/local/bin/couplet /usr/local/bin/couplet
COPY --from=build --chown=65532:65532 /out/var/lib/couplet /var/lib/couplet
ENV COUPLET_LISTEN=0.0.0.0:8080 \
    COUPLET_ADMIN_LISTEN=127.0.0.1:8081 \
    COUPLET_DATA_DIR=/var/lib/couplet \
    COUPLET_LOG_FORMAT=json
WORKDIR /var/lib/couplet
VOLUME /var/lib/couplet
EXPOSE 8080
USER 65532:65532
STOPSIGNAL SIGTERM
# No HEALTHCHECK: there is no shell and no curl inside. Whoever runs it asks GET /healthz (alive) and /readyz (can serve).
ENTRYPOINT ["/usr/local/bin/couplet"]
CMD ["serve"]

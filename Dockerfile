# Our programs, each in an image with nothing else, and one more with the programs
# of Fabric by which a network is laid and joined (target network):
#
#   docker compose build
#
# Behind a company's own registry or module proxy, give other values for these.
ARG GO_IMAGE=golang:1.26
ARG BASE_IMAGE=gcr.io/distroless/static-debian12:nonroot

FROM ${GO_IMAGE} AS modules
ENV CGO_ENABLED=0
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download

FROM modules AS programs
COPY . .
RUN mkdir -p /out && go build -trimpath -ldflags "-s -w" -o /out/ \
    ./cmd/pointgrid ./cmd/chaincode ./cmd/partnersim ./deploy/docker/healthcheck
# Volumes take their owner and mode from folders of the image, and run as whom the
# operator says.
RUN mkdir -m 1777 -p /data/pointgrid /data/partnersim /data/volumes && cd /data/volumes && \
    mkdir -m 1777 orderer0 orderer1 orderer2 peer.utility peer.sky peer.mart peer.tel

FROM modules AS fabric
COPY deploy/fabric/tools deploy/fabric/tools
RUN mkdir -p /out && cp deploy/fabric/tools/tools.mod /out/go.mod && cp deploy/fabric/tools/tools.sum /out/go.sum && \
    cd /out && go build -trimpath -ldflags "-s -w" -o /out/bin/ tool

FROM ${BASE_IMAGE} AS pointgrid
COPY --from=programs /out/pointgrid /out/healthcheck /usr/local/bin/
COPY --from=programs /data/pointgrid /var/lib/pointgrid
USER 10001:10001
EXPOSE 8080
VOLUME /var/lib/pointgrid
ENTRYPOINT ["/usr/local/bin/pointgrid"]
CMD ["serve"]

FROM ${BASE_IMAGE} AS chaincode
COPY --from=programs /out/chaincode /out/healthcheck /usr/local/bin/
USER 10001:10001
EXPOSE 9999
ENTRYPOINT ["/usr/local/bin/chaincode"]

FROM ${BASE_IMAGE} AS partnersim
COPY --from=programs /out/partnersim /out/healthcheck /usr/local/bin/
COPY --from=programs /data/partnersim /var/lib/partnersim
USER 10001:10001
EXPOSE 8080
VOLUME /var/lib/partnersim
ENTRYPOINT ["/usr/local/bin/partnersim"]

FROM ${BASE_IMAGE} AS network
COPY --from=programs /out/pointgrid /usr/local/bin/
COPY --from=fabric /out/bin/ /usr/local/bin/
COPY --from=programs /data/volumes /volumes
ENV POINTGRID_FABRIC_PROGRAMS=/usr/local/bin
USER 10001:10001
ENTRYPOINT ["/usr/local/bin/pointgrid"]

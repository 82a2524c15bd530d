// A file of its own, because the page's content security policy allows no inline scripts.
window.ui = SwaggerUIBundle({
  urls: [
    { url: "/openapi/exchange.yaml", name: "Exchange API: what partners call" },
    { url: "/openapi/connector.yaml", name: "Connector API: what partners implement" },
  ],
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
  layout: "StandaloneLayout",
});

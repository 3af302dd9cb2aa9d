// Shows the API's description with Swagger UI, which is vendored; the address comes from the page.
const place = document.getElementById("api-docs");
window.SwaggerUIBundle({
  domNode: place,
  url: place.dataset.description,
  deepLinking: true,
  tryItOutEnabled: false,
  validatorUrl: null,
});

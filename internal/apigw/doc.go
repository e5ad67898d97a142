// Package apigw is the seam between Amazon API Gateway (REST APIs, Lambda proxy integration) and net/http: an event
// becomes a request, the response becomes the reply that the gateway expects, whole or streamed, and the gateway's
// authorizer asks internal/auth. It is the only package that knows Lambda's event types.
package apigw

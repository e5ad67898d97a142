// Package api is the HTTP surface of the service: one http.Handler per deployable function, each made by one
// constructor from one config struct. A handler decodes and validates a request, asks the records, and answers in the
// wire form that published clients check strictly. Everything here speaks net/http and the contracts of store and blob;
// which cloud is behind them is not known.
//
// Requests come with the header X-Request-ID and, for every route but the download, with the caller in the context
// (auth.WithPrincipal): both are the gateway's work.
package api

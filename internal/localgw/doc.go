// Package localgw is the deployed front on one machine: an API Gateway REST API that routes by api/openapi.yaml, and
// the Lambda that it invokes. An HTTP request becomes the very event JSON that API Gateway sends, passes the authorizer
// function and the function's own handler, and the reply is read as strictly as the gateway reads it. Every error that
// the gateway makes itself is rendered from the gateway responses of the description. Functions run in this process
// (InProcess) or as compiled bootstraps under the Lambda Runtime API (Bootstraps); both are an Invoker.
package localgw

// Package openapi holds the description of the HTTP surface. The template deploys it, the local gateway routes by it,
// and tests hold every reply against it.
package openapi

import _ "embed"

// Description is openapi.yaml.
//
//go:embed openapi.yaml
var Description []byte

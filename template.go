// Package exports is the root of VideoVector Exports. It holds the template from which the service is deployed and by
// which the local service names its functions; the code lives below.
package exports

import _ "embed"

// Template is template.yaml.
//
//go:embed template.yaml
var Template []byte

// Package awslink makes the HTTP clients by which AWS is called. The SDK's own wait for ever once a connection stands, so a
// link that takes a request and brings nothing back would hold its caller until a function's time is up; and they would
// not notice that a transfer has stopped in its middle.
package awslink

import (
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"github.com/videovector/exports/internal/stall"
)

const (
	// CallLimit is how long one attempt at a call may take, from dialing to the end of its reply. The SDK's four attempts
	// of DynamoDB then fail within the ten seconds that the authorizer has, and every request is answered in time.
	CallLimit = 2 * time.Second
	// Silence is how long nothing may move on a connection that carries objects.
	Silence = 20 * time.Second
	// JoiningSilence is that of a caller who has S3 join the parts of uploads. While it does, which may take minutes, it sends
	// a blank from time to time; how often is not documented.
	JoiningSilence = time.Minute
)

// Calls is for services whose requests and replies are small: every one but S3. An attempt may take the limit's time.
func Calls(limit time.Duration) aws.HTTPClient {
	return awshttp.NewBuildableClient().WithTimeout(limit).WithDialerOptions(func(d *net.Dialer) { d.Timeout = limit }).Freeze()
}

// Objects is for S3: an attempt may take any time, as long as something moves.
func Objects(silence time.Duration) aws.HTTPClient {
	return awshttp.NewBuildableClient().
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = min(d.Timeout, silence) }).
		WithTransportOptions(func(t *http.Transport) {
			t.DialContext = stall.Watched(t.DialContext, silence)
			t.TLSHandshakeTimeout = min(t.TLSHandshakeTimeout, silence)
			t.IdleConnTimeout = min(t.IdleConnTimeout, silence/2)
		}).
		Freeze() // the SDK would put a dialer of its own in the place of this one
}

package seal

import (
	"encoding/binary"
	"fmt"
)

// A sealed secret is a version byte, the length of the wrapped data key (two bytes, big endian), the wrapped data key,
// and the secret under the data key.
const version = 1

const headBytes = 3

// bytes is the context as authenticated data; every field is preceded by its length.
func (c Context) bytes() []byte {
	if c.WebhookID != "" {
		return fmt.Appendf(nil, "%d:%s,webhook %d:%s", len(c.AccountID), c.AccountID, len(c.WebhookID), c.WebhookID)
	}
	return fmt.Appendf(nil, "%d:%s,%d:%s", len(c.AccountID), c.AccountID, len(c.ConnectorID), c.ConnectorID)
}

// Join makes the sealed form of the plain secret out of a wrapped data key and the data key itself.
func Join(wrapped, dataKey []byte, c Context, plain []byte) ([]byte, error) {
	a, err := NewAEAD(dataKey)
	if err != nil {
		return nil, err
	}
	if len(wrapped) > 1<<16-1 {
		return nil, errSealed
	}
	head := binary.BigEndian.AppendUint16([]byte{version}, uint16(len(wrapped)))
	return append(append(head, wrapped...), encrypt(a, c, plain)...), nil
}

// Split takes the sealed form apart.
func Split(sealed []byte) (wrapped, body []byte, err error) {
	if len(sealed) < headBytes || sealed[0] != version {
		return nil, nil, errSealed
	}
	n := int(binary.BigEndian.Uint16(sealed[1:headBytes]))
	if len(sealed) < headBytes+n {
		return nil, nil, errSealed
	}
	return sealed[headBytes : headBytes+n], sealed[headBytes+n:], nil
}

// Unjoin opens the body with its data key.
func Unjoin(dataKey []byte, c Context, body []byte) ([]byte, error) {
	a, err := NewAEAD(dataKey)
	if err != nil {
		return nil, errSealed
	}
	return decrypt(a, c, body)
}

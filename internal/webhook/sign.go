package webhook

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"

	"github.com/videovector/exports/internal/seal"
)

// SecretName is what a webhook's secret is called among its sealed secrets.
const SecretName = "signing"

// NewSecret is a fresh secret of 260 random bits. All of its characters, the prefix included, are the key of the HMAC.
func NewSecret() seal.Secret { return seal.NewSecret("whsec_" + rand.Text() + rand.Text()) }

// Sign is the value of X-Webhook-Signature for the body.
func Sign(secret seal.Secret, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret.Reveal()))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

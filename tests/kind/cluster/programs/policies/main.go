// Policies says what NetworkPolicies let through. The judgment is that of cyclonus, a conformance
// suite for engines of NetworkPolicies; nothing here knows what a selector means.
package main

import (
	"encoding/json"
	"log"
	"os"

	"github.com/mattfenwick/cyclonus/pkg/matcher"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
)

// Peer is a pod, or an address outside if it has no namespace.
type peer struct {
	Address         string
	Namespace       string
	NamespaceLabels map[string]string
	Labels          map[string]string
}

type question struct {
	From, To, Port int
	Name           string
	Protocol       core.Protocol
}

type asked struct {
	Policies  []*networking.NetworkPolicy
	Peers     []peer
	Questions []question
}

// Answer is for either end: "free" where no policy is about it, else "allowed" or "denied".
type answer struct {
	Egress  string `json:"egress"`
	Ingress string `json:"ingress"`
}

func main() {
	var given asked
	if err := json.NewDecoder(os.Stdin).Decode(&given); err != nil {
		log.Fatal(err)
	}
	policies := matcher.BuildNetworkPolicies(false, given.Policies)
	answers := make([]answer, len(given.Questions))
	for number, one := range given.Questions {
		traffic := &matcher.Traffic{
			Source:           end(given.Peers[one.From]),
			Destination:      end(given.Peers[one.To]),
			ResolvedPort:     one.Port,
			ResolvedPortName: one.Name,
			Protocol:         one.Protocol,
		}
		answers[number] = answer{
			Egress:  word(policies.IsIngressOrEgressAllowed(traffic, false)),
			Ingress: word(policies.IsIngressOrEgressAllowed(traffic, true)),
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		log.Fatal(err)
	}
}

func end(one peer) *matcher.TrafficPeer {
	found := &matcher.TrafficPeer{IP: one.Address}
	if one.Namespace != "" {
		found.Internal = &matcher.InternalPeer{
			PodLabels:       one.Labels,
			NamespaceLabels: one.NamespaceLabels,
			Namespace:       one.Namespace,
		}
	}
	return found
}

func word(result *matcher.DirectionResult) string {
	switch {
	case len(result.AllowingTargets) > 0:
		return "allowed"
	case len(result.DenyingTargets) > 0:
		return "denied"
	}
	return "free"
}

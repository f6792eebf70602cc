// Runs govmomi's simulator of vSphere as a vCenter or as one ESXi host, and tells on stdout where
// it listens. A line on its standard input lets a method fail; it ends when the input does.
package main

import (
	"bufio"
	"crypto/tls"
	"flag"
	"fmt"
	"log"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/vmware/govmomi/simulator"
)

func main() {
	isEsx := flag.Bool("esx", false, "one ESXi host in place of a vCenter")
	datacenters := flag.Int("dc", 1, "data centers")
	clusters := flag.Int("cluster", 1, "clusters of each data center")
	clusterHosts := flag.Int("host", 3, "hosts of each cluster")
	standalone := flag.Int("standalone-host", 1, "hosts of each data center that are in no cluster")
	machines := flag.Int("vm", 2, "virtual machines of each resource pool")
	isOn := flag.Bool("on", true, "whether machines run")
	user := flag.String("user", "monitor", "user who may log in")
	password := flag.String("password", "simulated secret", "the password of that user")
	delayMethod := flag.String("delay-method", "", "a method that is answered late")
	delayMs := flag.Int("delay-ms", 0, "how late")
	flag.Parse()

	model := simulator.VPX()
	if *isEsx {
		model = simulator.ESX()
	} else {
		model.Datacenter, model.Cluster = *datacenters, *clusters
		model.ClusterHost, model.Host = *clusterHosts, *standalone
	}
	model.Machine, model.Autostart = *machines, *isOn
	if *delayMethod != "" {
		model.DelayConfig.MethodDelay = map[string]int{*delayMethod: *delayMs}
	}
	if err := model.Create(); err != nil {
		log.Fatal(err)
	}
	defer model.Remove()
	model.Service.Listen = &url.URL{Host: "127.0.0.1:0", User: url.UserPassword(*user, *password)}
	model.Service.TLS = new(tls.Config)
	server := model.Service.NewServer()
	defer server.Close()
	fmt.Println(server.URL.Host)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		addFault(model.Service, strings.Fields(lines.Text()))
		fmt.Println("ok")
	}
}

var faults = map[string]simulator.FaultType{
	"NotAuthenticated": simulator.FaultTypeNotAuthenticated,
	"NoPermission":     simulator.FaultTypeNoPermission,
	"Generic":          simulator.FaultTypeGeneric,
}

// addFault lets a method fail: "METHOD FAULT SKIP COUNT", COUNT 0 for always.
func addFault(service *simulator.Service, words []string) {
	skip, skipErr := strconv.Atoi(words[2])
	count, countErr := strconv.Atoi(words[3])
	kind, isKnown := faults[words[1]]
	if skipErr != nil || countErr != nil || !isKnown {
		log.Fatal("no such fault: ", words)
	}
	service.AddFaultRule(&simulator.FaultInjectionRule{
		MethodName: words[0], ObjectType: "*", ObjectName: "*", Probability: 1,
		FaultType: kind, SkipCount: skip, MaxCount: count, Enabled: true,
	})
}

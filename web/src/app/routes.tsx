// The routes of the console. The code of a page is loaded when it is first opened.

import Box from "@cloudscape-design/components/box";
import Spinner from "@cloudscape-design/components/spinner";
import { type ComponentType, lazy, type ReactNode, Suspense } from "react";
import { Navigate, Route, Routes, useLocation } from "react-router";
import { useText } from "../i18n/useText.ts";
import { ErrorBoundary } from "./ErrorBoundary.tsx";
import { PageLayout } from "./PageLayout.tsx";
import { NotFound } from "./NotFound.tsx";
import { paths } from "./paths.ts";

/** Path → page. A page reads the parameters (`:name`) with `useParams`. */
const pages: Readonly<Record<string, ComponentType>> = {
  "/clusters": lazy(() => import("../pages/clusters/ClustersPage.tsx")),
  "/create-cluster": lazy(() => import("../pages/clusters/CreateClusterPage.tsx")),
  "/clusters/:cluster/edit": lazy(() => import("../pages/clusters/EditClusterPage.tsx")),
  "/clusters/:cluster/create-service": lazy(() => import("../pages/services/CreateServicePage.tsx")),
  "/clusters/:cluster/run-task": lazy(() => import("../pages/tasks/RunTaskPage.tsx")),
  "/clusters/:cluster/services/:service/update": lazy(() => import("../pages/services/UpdateServicePage.tsx")),
  "/clusters/:cluster/services/:service/deployments/:deployment": lazy(() => import("../pages/services/DeploymentPage.tsx")),
  "/clusters/:cluster/services/:service/:tab?": lazy(() => import("../pages/services/ServicePage.tsx")),
  "/clusters/:cluster/tasks/:task/:tab?": lazy(() => import("../pages/tasks/TaskPage.tsx")),
  "/clusters/:cluster/daemons/:daemon/:tab?": lazy(() => import("../pages/daemons/DaemonPage.tsx")),
  "/clusters/:cluster/:tab?": lazy(() => import("../pages/clusters/ClusterPage.tsx")),
  "/express-services": lazy(() => import("../pages/express/ExpressServicesPage.tsx")),
  "/create-express-service": lazy(() => import("../pages/express/CreateExpressServicePage.tsx")),
  "/express-services/:cluster/:service/update": lazy(() => import("../pages/express/UpdateExpressServicePage.tsx")),
  "/express-services/:cluster/:service/:tab?": lazy(() => import("../pages/express/ExpressServicePage.tsx")),
  "/task-definitions": lazy(() => import("../pages/definitions/DefinitionsPage.tsx")),
  "/register-task-definition": lazy(() => import("../pages/definitions/RegisterPage.tsx")),
  "/task-definitions/:family": lazy(() => import("../pages/definitions/FamilyPage.tsx")),
  "/task-definitions/:family/compare": lazy(() => import("../pages/definitions/ComparePage.tsx")),
  "/task-definitions/:family/:revision/register": lazy(() => import("../pages/definitions/RegisterPage.tsx")),
  "/task-definitions/:family/:revision/:tab?": lazy(() => import("../pages/definitions/RevisionPage.tsx")),
  "/daemon-task-definitions": lazy(() => import("../pages/daemons/DaemonDefinitionsPage.tsx")),
  "/daemon-task-definitions/:family/:revision": lazy(() => import("../pages/daemons/DaemonDefinitionPage.tsx")),
  "/namespaces": lazy(() => import("../pages/namespaces/NamespacesPage.tsx")),
  "/namespaces/:namespace/services/:service": lazy(() => import("../pages/namespaces/DiscoveryServicePage.tsx")),
  "/namespaces/:namespace/:tab?": lazy(() => import("../pages/namespaces/NamespacePage.tsx")),
  "/load-balancers": lazy(() => import("../pages/loadBalancers/LoadBalancersPage.tsx")),
  "/create-load-balancer": lazy(() => import("../pages/loadBalancers/CreateLoadBalancerPage.tsx")),
  "/load-balancers/:balancer/create-listener": lazy(() => import("../pages/loadBalancers/CreateListenerPage.tsx")),
  "/load-balancers/:balancer/listeners/:port/edit": lazy(() => import("../pages/loadBalancers/EditListenerPage.tsx")),
  "/load-balancers/:balancer/listeners/:port/create-rule": lazy(() => import("../pages/loadBalancers/CreateRulePage.tsx")),
  "/load-balancers/:balancer/listeners/:port/rules/:rule/edit": lazy(() => import("../pages/loadBalancers/EditRulePage.tsx")),
  "/load-balancers/:balancer/listeners/:port/:tab?": lazy(() => import("../pages/loadBalancers/ListenerPage.tsx")),
  "/load-balancers/:balancer/:tab?": lazy(() => import("../pages/loadBalancers/LoadBalancerPage.tsx")),
  "/target-groups": lazy(() => import("../pages/targetGroups/TargetGroupsPage.tsx")),
  "/create-target-group": lazy(() => import("../pages/targetGroups/CreateTargetGroupPage.tsx")),
  "/target-groups/:group/edit-health-check": lazy(() => import("../pages/targetGroups/EditHealthCheckPage.tsx")),
  "/target-groups/:group/:tab?": lazy(() => import("../pages/targetGroups/TargetGroupPage.tsx")),
  "/gateways": lazy(() => import("../pages/gateways/GatewaysPage.tsx")),
  "/create-gateway": lazy(() => import("../pages/gateways/CreateGatewayPage.tsx")),
  "/gateways/:gateway/:tab?": lazy(() => import("../pages/gateways/GatewayPage.tsx")),
  "/alarms": lazy(() => import("../pages/alarms/AlarmsPage.tsx")),
  "/alarms/:alarm": lazy(() => import("../pages/alarms/AlarmPage.tsx")),
  "/stacks": lazy(() => import("../pages/stacks/StacksPage.tsx")),
  "/stacks/:stack/:tab?": lazy(() => import("../pages/stacks/StackPage.tsx")),
  "/images": lazy(() => import("../pages/images/ImagesPage.tsx")),
  "/traces": lazy(() => import("../pages/traces/TracesPage.tsx")),
  "/traces/:trace": lazy(() => import("../pages/traces/TracePage.tsx")),
  "/about": lazy(() => import("../pages/about/AboutPage.tsx")),
  "/traffic": lazy(() => import("../pages/traffic/TrafficPage.tsx")),
};

export function Pages() {
  const { pathname } = useLocation();
  return (
    <ErrorBoundary path={pathname}>
      <Routes>
        <Route path="/" element={<Navigate to={paths.clusters} replace />} />
        {Object.entries(pages).map(([path, Page]) => (
          <Route key={path} path={path} element={<LazyPage key={path}><Page /></LazyPage>} />
        ))}
        <Route path="*" element={<NotFound />} />
      </Routes>
    </ErrorBoundary>
  );
}

/** A page whose code may still be loading. Its own key makes it replace the previous page at once. */
function LazyPage({ children }: { children: ReactNode }) {
  return <Suspense fallback={<Loading />}>{children}</Suspense>;
}

function Loading() {
  const text = useText().app;
  return (
    <PageLayout title={text.loading} breadcrumbs={[]}>
      <Box textAlign="center" padding="xxl">
        <Spinner size="large" />
      </Box>
    </PageLayout>
  );
}
